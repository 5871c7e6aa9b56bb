"""How much does an answer change with one layer quantized, and how does the error of all of them travel?"""
