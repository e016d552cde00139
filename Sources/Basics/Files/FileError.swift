/// What can go wrong with a file: which, where in it, why, and what to do.
public struct FileError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The file is not there.
    case missing
    /// The bytes are not what the format demands, or are too few.
    case damaged
    /// The file is in order but has something that is not read here.
    case unsupported
    /// Refused by a rule (a device, a link out of the file, a limit).
    case refused
    /// The file changed while it was read.
    case changed
    case cannotWrite
    case inputOutput
    /// Another process is writing the same file.
    case busy
  }

  public let kind: Kind
  public let path: String
  /// The variable, attribute, dimension or group.
  public let subject: String?
  public let cause: String
  public let remedy: String?

  public init(_ kind: Kind, path: String, subject: String? = nil, _ cause: String, remedy: String? = nil) {
    (self.kind, self.path, self.subject, self.cause, self.remedy) = (kind, path, subject, cause, remedy)
  }

  public var description: String {
    var text = path
    if let subject { text += ": \(subject)" }
    text += ": \(cause)"
    if let remedy { text += " (\(remedy))" }
    return text
  }
}
