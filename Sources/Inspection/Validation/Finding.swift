/// One thing that is wrong with a file, measured against the CF or ACDD conventions.
public struct Finding: Sendable, Hashable {
  public enum Level: String, Sendable, Comparable {
    /// A requirement is not met: programs will misread the file or refuse it.
    case error
    /// A recommendation is not followed.
    case warning
    public static func < (a: Level, b: Level) -> Bool { a == .error && b == .warning }
  }

  public let level: Level
  /// The section of the convention: `CF 4.4.1`, `ACDD 1.3`.
  public let section: String
  /// The path of the variable (without the `/` of the root group); nil for the file or a group.
  public let variable: String?
  public let attribute: String?
  public let text: String
  public let expected: String?
  public let found: String?
}

/// All findings for one file.
public struct ValidationReport: Sendable {
  public let path: String
  public let findings: [Finding]
  /// The names of the conventions that were checked.
  public static let conventions = ["CF-1.11", "ACDD-1.3"]

  public var errors: [Finding] { findings.filter { $0.level == .error } }
  public var warnings: [Finding] { findings.filter { $0.level == .warning } }
  /// True when no requirement is broken; there may be warnings.
  public var isValid: Bool { errors.isEmpty }
}
