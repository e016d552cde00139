import Basics

/// What can be wrong with a model, its file or its training: which file, what in it, what was expected and found.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The file is not there.
    case missing
    /// The bytes are not what the format demands, or are too few.
    case damaged
    /// In order, but not done here.
    case unsupported
    /// Two things that do not belong together: a model and its weights, a network and its input.
    case mismatch
    /// A loss, a gradient or a parameter that is not a finite number.
    case notFinite
    /// The system could not read.
    case inputOutput
  }

  public let kind: Kind
  /// Empty when no file is to blame.
  public let path: String
  /// The tensor, parameter or layer.
  public let subject: String?
  public let cause: String
  public let expected: String?
  public let found: String?
  public let remedy: String?

  public init(
    _ kind: Kind, path: String = "", subject: String? = nil, _ cause: String, expected: String? = nil,
    found: String? = nil, remedy: String? = nil
  ) {
    (self.kind, self.path, self.subject, self.cause) = (kind, path, subject, cause)
    (self.expected, self.found, self.remedy) = (expected, found, remedy)
  }

  /// The cause with what was expected and found.
  public var sentence: String {
    var text = cause
    if let expected { text += ": expected \(expected)" }
    if let found { text += expected == nil ? ": found \(found)" : ", found \(found)" }
    return text
  }

  public var description: String {
    var text = [path, subject ?? "", sentence].filter { !$0.isEmpty }.joined(separator: ": ")
    if let remedy { text += " (\(remedy))" }
    return text
  }
}

extension ModelError {
  /// What kind of fault of a file it is; nil when it is about no file.
  public var fileKind: FileError.Kind? {
    guard !path.isEmpty else { return nil }
    switch kind {
    case .missing: return .missing
    case .damaged: return .damaged
    case .unsupported: return .unsupported
    case .inputOutput: return .inputOutput
    case .mismatch, .notFinite: return nil
    }
  }
}
