#if canImport(Glibc)
  import Glibc
#endif

/// File name patterns: `*`, `?` and `[a-z]` (`[!a-z]`) within one part of a path; sorted by the bytes of the
/// name. No shell, no `~`, no variables. Names that begin with a dot match only a pattern that does.
enum Glob {
  static func isPattern(_ path: String) -> Bool { path.contains { "*?[".contains($0) } }

  /// The paths that match; empty when none does.
  static func expand(_ pattern: String) -> [String] {
    var paths = [pattern.hasPrefix("/") ? "/" : ""]
    let parts = pattern.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    for part in parts {
      paths = paths.flatMap { base -> [String] in
        let prefix = base.isEmpty || base.hasSuffix("/") ? base : base + "/"
        guard isPattern(part) else { return [prefix + part] }
        return names(in: base.isEmpty ? "." : base)
          .filter { matches(Array($0.utf8), Array(part.utf8)) }
          .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { prefix + $0 }
      }
    }
    return paths.filter { unsafe access($0, F_OK) == 0 }
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
          unsafe String(decodingCString: $0, as: UTF8.self)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
    // Where the last `*` stood, and what it has swallowed: linear backtracking, one star at a time.
    var (n, p) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, n)
        p += 1
      } else if p < pattern.count, let next = one(name[n], pattern, p) {
        n += 1
        p = next
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (p, n) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.count
  }

  /// Where the pattern goes on when the byte fits what stands at `p`.
  private static func one(_ byte: UInt8, _ pattern: [UInt8], _ p: Int) -> Int? {
    if pattern[p] == UInt8(ascii: "?") { return p + 1 }
    if pattern[p] == UInt8(ascii: "["), p + 2 < pattern.count,
      let close = pattern[(p + 2)...].firstIndex(of: UInt8(ascii: "]"))
    {
      var members = pattern[(p + 1)..<close]
      let isNegated = members.first == UInt8(ascii: "!")
      if isNegated { members = members.dropFirst() }
      var found = false
      var index = members.startIndex
      while index < members.endIndex {
        if index + 2 < members.endIndex, members[index + 1] == UInt8(ascii: "-") {
          found = found || (members[index] <= byte && byte <= members[index + 2])
          index += 3
        } else {
          found = found || members[index] == byte
          index += 1
        }
      }
      return found != isNegated ? close + 1 : nil
    }
    return pattern[p] == byte ? p + 1 : nil
  }
}

extension Glob {
  /// True when a file of exactly that name is there.
  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// The folder above the first part that is a pattern.
  static func fixedFolder(of pattern: String) -> String {
    let parts = pattern.split(separator: "/", omittingEmptySubsequences: true).prefix {
      !isPattern(String($0))
    }
    return (pattern.hasPrefix("/") ? "/" : parts.isEmpty ? "." : "") + parts.joined(separator: "/")
  }

  /// True when a file of that path would match, were it there; both from the same folder.
  static func covers(_ pattern: String, _ path: String) -> Bool {
    func parts(_ text: String) -> [Substring] { text.split(separator: "/").filter { $0 != "." } }
    let (patterns, names) = (parts(pattern), parts(path))
    return pattern.hasPrefix("/") == path.hasPrefix("/") && patterns.count == names.count
      && zip(patterns, names).allSatisfy { matches(Array($1.utf8), Array($0.utf8)) }
  }
}
