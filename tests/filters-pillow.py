#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plan pillow against Pillow itself, bit for bit.

    filters-pillow.py PIXPOOL pictures    small pictures at random, of all kinds, sizes and chains
    filters-pillow.py PIXPOOL photos      every photo of the corpus that PIXPOOL_CORPUS names
    filters-pillow.py PIXPOOL formats     its files of all formats: Pillow's pixels, or refused

PIXPOOL_TEST_SEED repeats a run whose seed was reported. TAP on standard output.
"""

import io
import os
import random
import subprocess
import sys
import tempfile

import PIL
from PIL import Image, ImageFilter, ImageOps

VERSION = "9.4."
ORIENTATION = 0x0112

ROUNDS = 40
PICTURES = 24

CHAINS_FOR_FILES = [
    [("blur", 15), ("thumbnail", (1200, 1200))],
    [("thumbnail", (300, 200))],
]


def orientation(image):
    try:
        return image.getexif().get(ORIENTATION, 1)
    except ValueError:  # Pillow stumbles over the EXIF that some PNG files carry as text
        return 1


def reference(path, chain):
    """What filters/pillow_plan.h promises the bytes of."""
    image = Image.open(path)
    if orientation(image) != 1:
        # A TIFF is turned as it is loaded; exif_transpose() would turn it once more.
        image = image.copy() if image.format == "TIFF" else ImageOps.exif_transpose(image)
    for step, argument in chain:
        if step == "blur":
            image = image.filter(ImageFilter.GaussianBlur(argument))
        else:
            image.thumbnail(argument)
    image.load()
    return image


def options(chain):
    words = []
    for step, argument in chain:
        words += [f"--{step}", repr(argument) if step == "blur" else "%dx%d" % argument]
    return words


def difference(got, wanted):
    """What is wrong, or None."""
    if (got.size, got.mode) != (wanted.size, wanted.mode):
        return f"{got.mode} {got.size}, not {wanted.mode} {wanted.size}"
    ours, theirs = got.tobytes(), wanted.tobytes()
    if ours == theirs:
        return None
    places = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    worst = max(abs(ours[i] - theirs[i]) for i in places)
    pixel, band = divmod(places[0], len(got.mode))
    y, x = divmod(pixel, got.width)
    return (f"{len(places)} of {len(ours)} samples of {got.mode} {got.size} differ, by up to {worst}, "
            f"the first at {x},{y} in band {band}")


def run(pixpool, chain, out, inputs, encoding=("-f", "png")):
    return subprocess.run([pixpool, "run", "--plan", "pillow", *encoding, *options(chain),
                           "--quiet", "-o", out, *inputs],
                          stderr=subprocess.PIPE, check=False, text=True)


def noise(mode, size):
    return Image.frombytes(mode, size, random.randbytes(len(mode) * size[0] * size[1]))


def flat(mode, size):
    """One colour but for one pixel: how far it spreads, and whether sums stay whole."""
    image = Image.new(mode, size, tuple(random.choices((0, 1, 128, 254, 255), k=len(mode))))
    image.putpixel((random.randrange(size[0]), random.randrange(size[1])),
                   tuple(random.choices((0, 255), k=len(mode))))
    return image


def hard(mode, size):
    """Nothing between black and white, opaque and transparent: what clips."""
    count = len(mode) * size[0] * size[1]
    return Image.frombytes(mode, size, bytes(random.choices((0, 255), k=count)))


def soft(mode, size):
    small = noise(mode, (max(1, size[0] // 9), max(1, size[1] // 9)))
    return small.resize(size, Image.Resampling.BILINEAR)


def random_side():
    return random.randint(1, random.choice((3, 20, 70, 300)))


def write_picture(folder, number, modes=("L", "LA", "RGB", "RGBA")):
    mode = random.choice(modes)
    size = random_side(), random_side()
    image = random.choice((noise, flat, hard, soft))(mode, size)
    exif = Image.Exif()
    if random.random() < 0.3:
        exif[ORIENTATION] = random.randint(1, 8)
    kinds = ["png"]
    if mode in ("L", "RGB"):
        kinds += ["jpg", "jpg", "tif", "pnm"]
    if mode in ("RGB", "RGBA"):
        kinds.append("webp")
    if mode == "RGB":
        kinds.append("bmp")
    kind = random.choice(kinds)
    path = os.path.join(folder, f"{number:03}-{kind}-{mode}-{size[0]}x{size[1]}.{kind}")
    more = {}
    if kind == "jpg":
        more = {"exif": exif, "quality": random.randint(20, 95), "subsampling": random.randint(0, 2),
                "progressive": random.random() < 0.3}
    elif kind == "webp":
        more = {"exif": exif, "lossless": random.random() < 0.5}
    elif kind in ("png", "tif"):
        more = {"exif": exif}
    image.save(path, **more)
    return path


def random_sigma():
    return random.choice((0, 0.05, 0.1, 0.3, 1, 2, 15, 100,
                          round(random.uniform(0.1, 3), random.randint(1, 6)),
                          round(random.uniform(1, 30), random.randint(0, 5)),
                          round(random.uniform(30, 100), 2)))


def random_box():
    return random_side(), random_side()


def random_chain():
    kinds = random.choice((["blur"], ["thumbnail"], ["thumbnail"], ["blur", "thumbnail"],
                           ["blur", "thumbnail"], ["thumbnail", "blur"],
                           ["thumbnail", "thumbnail"], ["blur", "blur"],
                           ["thumbnail", "blur", "thumbnail"]))
    return [(kind, random_sigma() if kind == "blur" else random_box()) for kind in kinds]


def check_pictures(pixpool, folder):
    """What is wrong with a folder full of random pictures, each through one random chain."""
    chain = random_chain()
    out = os.path.join(folder, "out")
    paths = [write_picture(folder, number) for number in range(PICTURES)]
    result = run(pixpool, chain, out, paths)
    said = " ".join(options(chain))
    if result.returncode != 0:
        return said, [result.stderr]
    wrong = []
    for path in paths:
        name = os.path.basename(path)
        with Image.open(os.path.join(out, os.path.splitext(name)[0] + ".png")) as got:
            what = difference(got, reference(path, chain))
        if what:
            wrong.append(f"{name}: {what}")
    return said, wrong


def check_saved_as_jpeg(pixpool, folder):
    """A JPEG of the quality that save() has by default is decoded to the same pixels as Pillow's."""
    chain = [("blur", 0.7), ("thumbnail", (90, 70))]
    out = os.path.join(folder, "out")
    paths = [write_picture(folder, number, ("L", "RGB")) for number in range(PICTURES)]
    result = run(pixpool, chain, out, paths, ("-f", "jpg", "-q", "75"))
    wrong = [result.stderr] if result.returncode != 0 else []
    for path in paths if not wrong else ():
        name = os.path.basename(path)
        saved = io.BytesIO()
        reference(path, chain).save(saved, "JPEG")
        with Image.open(os.path.join(out, os.path.splitext(name)[0] + ".jpg")) as got:
            what = difference(got, Image.open(saved))
        if what:
            wrong.append(f"{name}: {what}")
    return " ".join(options(chain)) + " -f jpg -q 75", wrong


def check_refused(pixpool, folder):
    """What Pillow does not filter, or has other pixels of than we have, is not written."""
    size = 30, 20
    rgb = soft("RGB", size)
    refused = {
        "palette.png": (rgb.quantize(16), {}),
        "palette.gif": (rgb.quantize(16), {}),
        "palette.tif": (rgb.quantize(16), {}),
        "palette.bmp": (rgb.quantize(16), {}),
        "key.png": (rgb, {"transparency": (1, 2, 3)}),
        "bits.png": (rgb.convert("1"), {}),
        "bits.tif": (rgb.convert("1"), {}),
        "deep.png": (rgb.convert("I"), {}),
        "ink.jpg": (rgb.convert("CMYK"), {}),
        "ink.tif": (rgb.convert("CMYK"), {}),
        "alpha.tif": (noise("RGBA", size), {}),
        "colour.tga": (rgb, {}),
    }
    out = os.path.join(folder, "out")
    for name, (image, more) in refused.items():
        image.save(os.path.join(folder, name), **more)
    result = run(pixpool, [("thumbnail", (9, 9))], os.path.join(out, "%f.%E.%e"),
                 [os.path.join(folder, name) for name in refused])
    wrong = [f"{name} is written" for name in os.listdir(out)] if os.path.isdir(out) else []
    if result.returncode != 3 or result.stderr.count("choose --plan") != len(refused):
        wrong.append(f"exit {result.returncode}: {result.stderr}")
    return "refused: " + " ".join(refused), wrong


def report(number, name, wrong):
    print(f"not ok {number} {name}" if wrong else f"ok {number} {name}")
    for line in wrong or []:
        print("#", line.replace("\n", "\n# "))
    sys.stdout.flush()
    return 1 if wrong else 0


def test_pictures(pixpool):
    seed = int(os.environ.get("PIXPOOL_TEST_SEED") or random.randrange(1 << 30))
    random.seed(seed)
    checks = [check_pictures] * ROUNDS + [check_saved_as_jpeg, check_refused]
    print(f"1..{len(checks)}\n# PIXPOOL_TEST_SEED={seed}")
    failed = 0
    for number, check in enumerate(checks, 1):
        with tempfile.TemporaryDirectory() as folder:
            failed += report(number, *check(pixpool, folder))
    return failed


def check_file(path, result, chain):
    """What is wrong with the result; None where there is none, and Pillow has no pixels either."""
    try:
        wanted = reference(path, chain)
    except (AttributeError, OSError, ValueError):
        wanted = None
    written = os.path.exists(result)
    if wanted is None or wanted.mode not in ("L", "LA", "RGB", "RGBA"):
        return ["written, though there is nothing to be equal to"] if written else None
    if not written:
        return ["not written"]
    with Image.open(result) as got:
        what = difference(got, wanted)
    return [what] if what else []


def test_files(pixpool, folder, may_refuse):
    """All files of a folder; @may_refuse: among them are some for which the plan says no."""
    names = sorted(n for n in os.listdir(folder) if not n.endswith((".tsv", ".stamp"))) \
        if os.path.isdir(folder) else []
    if not names:
        print(f"1..0 # SKIP there is no {folder}: PIXPOOL_CORPUS names the folder that has it")
        return 0
    print(f"1..{len(names) * len(CHAINS_FOR_FILES)}")
    number = failed = 0
    for chain in CHAINS_FOR_FILES:
        with tempfile.TemporaryDirectory() as out:
            run(pixpool, chain, os.path.join(out, "%f.%E.%e"), [folder])
            for name in names:
                number += 1
                result = os.path.join(out, name + ".png")
                wrong = check_file(os.path.join(folder, name), result, chain)
                said = f"{name} {' '.join(options(chain))}"
                if wrong is None or (may_refuse and wrong == ["not written"]):
                    said += " # SKIP refused"
                    wrong = None
                failed += report(number, said, wrong)
    return failed


def main():
    if not PIL.__version__.startswith(VERSION):
        print(f"1..0 # SKIP the promise is about Pillow 9.4, this is {PIL.__version__}")
        return 0
    pixpool, what = sys.argv[1:3]
    corpus = os.environ.get("PIXPOOL_CORPUS", ".")
    if what == "pictures":
        failed = test_pictures(pixpool)
    else:
        failed = test_files(pixpool, os.path.join(corpus, what), what == "formats")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
