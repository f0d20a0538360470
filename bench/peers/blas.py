"""How BLAS is set up for every Python peer; to be called before numpy is imported."""
import os


def use_threads(threads):
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
        os.environ[name] = str(threads)
    # OpenBLAS takes some virtual machines for older ones and is then several times slower.
    flags = open('/proc/cpuinfo').read() if os.path.exists('/proc/cpuinfo') else ''
    if 'avx512dq' in flags:
        os.environ.setdefault('OPENBLAS_CORETYPE', 'SKYLAKEX')
    elif 'avx2' in flags:
        os.environ.setdefault('OPENBLAS_CORETYPE', 'HASWELL')
