"""What is gained by running several layers together, tile by tile, so that what they hand on never leaves the chip?"""
