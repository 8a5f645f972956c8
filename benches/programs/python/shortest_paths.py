# Finds the cheapest delivery routes from a depot with Dijkstra's algorithm.
import heapq

SEED = __SEED__
PLACES = "Depot Airport Bridge Castle Docks Estate Forum Garage Harbour Inn".split()


def build_graph(seed):
    graph = {place: {} for place in PLACES}
    x = seed
    for i, place in enumerate(PLACES):
        for _ in range(3):
            x = (x * 69069 + 1) % 2**32
            other = PLACES[(i + 1 + (x >> 16) % (len(PLACES) - 1)) % len(PLACES)]
            graph[place][other] = graph[other][place] = 2 + (x >> 8) % 30
    return graph


def dijkstra(graph, start):
    distance, previous = {start: 0}, {}
    queue = [(0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if cost > distance[node]:
            continue
        for neighbour, length in graph[node].items():
            new = cost + length
            if new < distance.get(neighbour, float("inf")):
                distance[neighbour] = new
                previous[neighbour] = node
                heapq.heappush(queue, (new, neighbour))
    return distance, previous


distance, previous = dijkstra(build_graph(SEED), "Depot")
for place in PLACES[1:]:
    if place not in distance:
        print(f"{place}: no way")
        continue
    route = [place]
    while route[-1] != "Depot":
        route.append(previous[route[-1]])
    print(f"{place:<8} {distance[place]:>3} km  {' > '.join(reversed(route))}")
