#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tutorials' real-world example: blur every photo of a directory and make a thumbnail of it.

    tutorial.py DIR OUT

Their code, with the directory in place of their list of names, and with files that Pillow cannot
open passed over instead of ending the program.
"""

import concurrent.futures
import os
import sys

from PIL import Image, ImageFilter

SIZE = (1200, 1200)


def process_image(paths):
    source, result = paths
    try:
        img = Image.open(source)
        img = img.filter(ImageFilter.GaussianBlur(15))
    except (OSError, ValueError):
        return False
    img.thumbnail(SIZE)
    img.save(result)
    return True


def main():
    directory, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    pairs = [(os.path.join(directory, name), os.path.join(out, name))
             for name in sorted(os.listdir(directory))]
    with concurrent.futures.ProcessPoolExecutor() as executor:
        done = sum(executor.map(process_image, pairs))
    print(f"{done} of {len(pairs)} done")


if __name__ == "__main__":
    main()
