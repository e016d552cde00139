#if canImport(Glibc)
  import Glibc
#endif
import CHDF5

/// What netCDF-C and HDF5 must be told before their first call; the lane does it.
enum LibraryStartup {
  static let done: Void = {
    // HDF5 would lock files its own way, against the locks that our outputs hold, and fails on network file
    // systems without locks.
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
    // Files are closed by us; at exit HDF5 would try for ever to flush one whose disk is full.
    _ = H5dont_atexit()
    // Errors are returned, not printed.
    _ = H5Eset_auto2(0, nil, nil)
    // A write beyond RLIMIT_FSIZE shall fail, not kill.
    signal(SIGXFSZ, SIG_IGN)
  }()
}
