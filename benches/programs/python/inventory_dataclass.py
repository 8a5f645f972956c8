# Keeps stock with dataclasses: orders, refusals, and a list of what to buy again.
from dataclasses import dataclass, field

SEED = __SEED__


class OutOfStock(Exception):
    pass


@dataclass
class Product:
    sku: str
    price: float
    stock: int
    reorder_at: int = 10

    @property
    def value(self) -> float:
        return self.stock * self.price


@dataclass
class Warehouse:
    products: dict[str, Product] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def add(self, product: Product) -> None:
        self.products[product.sku] = product

    def ship(self, sku: str, quantity: int) -> float:
        product = self.products[sku]
        if quantity > product.stock:
            raise OutOfStock(f"{sku}: wanted {quantity}, have {product.stock}")
        product.stock -= quantity
        return quantity * product.price


warehouse, x, revenue = Warehouse(), SEED, 0.0
for i in range(6):
    x = (x * 16807 + 3) % 2147483647
    warehouse.add(Product(f"SKU-{i}", 5 + x % 4000 / 100, 30 + x // 5 % 40))
for _ in range(50):
    x = (x * 16807 + 3) % 2147483647
    try:
        revenue += warehouse.ship(f"SKU-{x % 6}", x // 7 % 12 + 1)
    except OutOfStock as refusal:
        warehouse.refused.append(str(refusal))

print(f"Revenue {revenue:,.2f}, {len(warehouse.refused)} orders refused")
for line in warehouse.refused[-3:]:
    print("  refused", line)
for product in warehouse.products.values():
    flag = "BUY" if product.stock <= product.reorder_at else ""
    print(f"{product.sku} stock {product.stock:>3} value {product.value:>9.2f} {flag}".rstrip())
