# Drawing, resizing, filtering and reading back in several formats.
from PIL import Image, ImageDraw, ImageFilter, ImageFont

image = Image.new("RGB", (200, 100), "white")
draw = ImageDraw.Draw(image)
draw.rectangle((10, 10, 90, 90), fill=(200, 30, 30))
draw.text((100, 40), "Ringfence", fill="black", font=ImageFont.load_default(16))
blurred = image.resize((400, 200)).filter(ImageFilter.GaussianBlur(2))
for name in ["image.png", "image.jpg", "image.webp", "image.gif", "image.tiff", "image.bmp"]:
    blurred.save(name)
    with Image.open(name) as read:
        assert read.size == (400, 200), name
assert Image.open("image.png").convert("RGB").getpixel((100, 100)) == (200, 30, 30)
print("ok")
