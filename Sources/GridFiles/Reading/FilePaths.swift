#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

enum FilePaths {
  /// The path without links and `..`; nil when there is no such file.
  static func real(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  static func folder(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// True when the file exists, is a regular file, and its real path is inside one of the folders.
  static func isInside(_ path: String, _ folders: [String]) -> Bool {
    var status = stat()
    guard let path = real(path), unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return false
    }
    return folders.contains { folder in
      guard let folder = real(folder) else { return false }
      return path.hasPrefix(folder == "/" ? "/" : folder + "/")
    }
  }
}
