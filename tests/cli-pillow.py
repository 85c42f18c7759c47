#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plan exact against the tutorials' own code in Pillow, on every RGB photo of the corpus.

    cli-pillow.py PIXPOOL    PIXPOOL_CORPUS names the folder that has photos/

Pillow's blur is three box filters and differs from a Gaussian by 2 to 3 levels, which is 51 to 55 dB;
48 dB leaves room for that and for nothing else: a wrong standard deviation, a shifted pixel or a
missed orientation costs far more. TAP on standard output.
"""

import math
import os
import subprocess
import sys
import tempfile

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

SIZE = (1200, 1200)
LEAST_DB = 48.0


def reference(path):
    """What the tutorials do to a photo; None where Pillow cannot, or has no RGB."""
    try:
        image = Image.open(path)
        image = ImageOps.exif_transpose(image)
    except (OSError, ValueError):
        return None
    if image.mode != "RGB":
        return None
    image = image.filter(ImageFilter.GaussianBlur(15))
    image.thumbnail(SIZE)
    return image


def psnr(a, b):
    squares = ImageStat.Stat(ImageChops.difference(a, b)).sum2
    mean = sum(squares) / (len(squares) * a.width * a.height)
    return math.inf if mean == 0 else 10 * math.log10(255 * 255 / mean)


def check(photo, result):
    """A TAP line's end: what is wrong, or None and a note."""
    wanted = reference(photo)
    if wanted is None:
        return None, "# SKIP Pillow has no RGB picture of it"
    with Image.open(result) as image:
        image.load()
        got = image
    if got.size != wanted.size:
        return f"size {got.size}, not {wanted.size}", ""
    decibels = psnr(got.convert("RGB"), wanted)
    return (f"{decibels:.1f} dB" if decibels < LEAST_DB else None), f"# {decibels:.1f} dB"


def main():
    pixpool = sys.argv[1]
    photos = os.path.join(os.environ.get("PIXPOOL_CORPUS", "."), "photos")
    names = sorted(n for n in os.listdir(photos) if not n.endswith((".tsv", ".stamp"))) \
        if os.path.isdir(photos) else []
    if not names:
        print("1..0 # SKIP PIXPOOL_CORPUS names no folder with photos/")
        return 0
    print(f"1..{len(names)}")
    failed = 0
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([pixpool, "run", "--plan", "exact", "-f", "png", "--blur", "15",
                        "--thumbnail", "1200x1200", "--quiet", "-o", out, photos], check=True)
        for number, name in enumerate(names, 1):
            result = os.path.join(out, os.path.splitext(name)[0] + ".png")
            wrong, note = check(os.path.join(photos, name), result)
            if wrong:
                failed += 1
                print(f"not ok {number} {name}: {wrong}")
            else:
                print(f"ok {number} {name} {note}")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
