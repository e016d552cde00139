/// What a thing that YAML can name says of itself: a stage, a layer, a network, a loss, an optimiser.
public struct Declaration: Sendable {
  public let name: String
  public let summary: String
  /// One paragraph more: formulas, sources, limits. Shown by the help.
  public let discussion: String
  public let keys: [Key]
  /// True when it does something beside its result (a model file, a table of scores): it then runs even when
  /// nothing reads that.
  public let hasEffect: Bool
  public init(name: String, summary: String, discussion: String = "", hasEffect: Bool = false, keys: [Key]) {
    (self.name, self.summary, self.discussion, self.keys) = (name, summary, discussion, keys)
    self.hasEffect = hasEffect
  }
}

/// One key of a declaration.
public struct Key: Sendable {
  public indirect enum Kind: Sendable {
    case text, number, integer, boolean
    case choice([String])
    /// The name of an input or of an earlier stage's result. A key `input` of this kind may be left out: the
    /// stage above is meant, or the only input.
    case stream
    /// A list of such names.
    case streams
    case list(Kind)
    /// A mapping with these keys.
    case mapping([Key])
    /// A mapping from any name to values of that kind.
    case dictionary(Kind)
    /// One of several forms.
    case either([Kind])
    /// Checked by whoever declares it; the text says what is expected: "a list of layers".
    case other(String)
  }
  public let name: String
  public let kind: Kind
  public let isRequired: Bool
  public let summary: String
  /// What holds when the key is absent, for the help text.
  public let defaultText: String?
  public init(
    _ name: String, _ kind: Kind, required: Bool = false, default defaultText: String? = nil,
    _ summary: String
  ) {
    (self.name, self.kind, self.isRequired) = (name, kind, required)
    (self.defaultText, self.summary) = (defaultText, summary)
  }
}
