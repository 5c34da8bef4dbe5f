"""What hosting as a Space with ZeroGPU needs: ``launch``, ``beside``, ``zero_gpu``."""
