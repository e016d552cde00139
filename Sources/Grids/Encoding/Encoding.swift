import GridFiles

/// What the output file says beside its data.
public struct EncodingOptions: Sendable {
  /// `metadata:` of the pipeline: global attributes (title, institution, ...).
  public var metadata: [Attribute] = []
  /// The line that is put before the input's `history`.
  public var historyLine = ""
  /// `source`, when the pipeline gives none and the input has none.
  public var source = ""
  /// ISO 8601 UTC, for `date_created`.
  public var dateCreated = ""
  public var deflate: Int? = 4
  public var shuffle = true
  public init() {}
}

/// The file of a description, and the numbers of its coordinates.
public struct EncodedHeader: Sendable {
  public var definition: FileDefinition
  /// Numbers of coordinates and bounds, by variable.
  public var numbers: [(name: String, values: [Double])]
  /// Text of label coordinates, by variable.
  public var texts: [(name: String, values: [String])]
  /// For each variable of the description: its name in the file and its chunk extents, in the dimension order
  /// (time, layers..., y, x), those that are there.
  public var data: [(name: String, chunks: [Int])]
}

extension EncodedHeader {
  /// - Throws: `GridError` when the description cannot be said in CF.
  public init(_ description: Description, _ options: EncodingOptions) throws(GridError) {
    var builder = HeaderBuilder(description, options)
    try builder.build()
    self.init(
      definition: builder.definition, numbers: builder.numbers, texts: builder.texts, data: builder.data)
  }
}
