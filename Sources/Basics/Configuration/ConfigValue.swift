/// A place in the YAML text, both counted from 1.
public struct Mark: Sendable, Hashable, CustomStringConvertible {
  public let line: Int
  public let column: Int
  public init(line: Int, column: Int) { (self.line, self.column) = (line, column) }
  public var description: String { "\(line):\(column)" }
}

/// A piece of YAML with its place: what a stage's keys are decoded from.
public struct ConfigValue: Sendable, Hashable {
  public indirect enum Content: Sendable, Hashable {
    case null
    /// Text as written; `isQuoted` when it stood in quotes and so is no number.
    case scalar(String, isQuoted: Bool)
    case sequence([ConfigValue])
    case mapping([Entry])
  }

  public struct Entry: Sendable, Hashable {
    public let key: String
    public let keyMark: Mark
    public let value: ConfigValue
    public init(key: String, keyMark: Mark, value: ConfigValue) {
      (self.key, self.keyMark, self.value) = (key, keyMark, value)
    }
  }

  public let content: Content
  public let mark: Mark
  public init(_ content: Content, _ mark: Mark) { (self.content, self.mark) = (content, mark) }

  /// What the value is, for messages: "a list", "text", ...
  public var kindName: String {
    switch content {
    case .null: "nothing"
    case .scalar: "a single value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
