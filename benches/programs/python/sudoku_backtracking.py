# Fills a 6x6 Latin-square puzzle with 2x3 boxes by backtracking and counts the steps.
SEED = __SEED__
SIZE, HEIGHT, WIDTH = 6, 2, 3


def candidates(grid, row, col):
    used = set(grid[row]) | {grid[r][col] for r in range(SIZE)}
    top, left = row // HEIGHT * HEIGHT, col // WIDTH * WIDTH
    used |= {grid[r][c] for r in range(top, top + HEIGHT) for c in range(left, left + WIDTH)}
    return [n for n in range(1, SIZE + 1) if n not in used]


def solve(grid, steps=0):
    empty = [(r, c) for r in range(SIZE) for c in range(SIZE) if grid[r][c] == 0]
    if not empty:
        return True, steps
    row, col = min(empty, key=lambda cell: len(candidates(grid, *cell)))
    for n in candidates(grid, row, col):
        grid[row][col] = n
        done, steps = solve(grid, steps + 1)
        if done:
            return True, steps
    grid[row][col] = 0
    return False, steps


grid = [[0] * SIZE for _ in range(SIZE)]
x = SEED
digits = list(range(1, SIZE + 1))
for i in range(SIZE - 1, 0, -1):
    x = (x * 69069 + 5) % 2**32
    j = (x >> 16) % (i + 1)
    digits[i], digits[j] = digits[j], digits[i]
grid[0] = digits
print("Given: ", *grid[0])
done, steps = solve(grid)
print("Solved" if done else "No solution", "in", steps, "steps")
for row in grid:
    print(" ".join(map(str, row[:WIDTH])), "|", " ".join(map(str, row[WIDTH:])))
