/// A file that is to be written, all but its numbers: netCDF-4, classic model.
public struct FileDefinition: Sendable {
  public var dimensions: [Dimension]
  public var attributes: [Attribute]
  public var variables: [VariableDefinition]
  public init(
    dimensions: [Dimension] = [], attributes: [Attribute] = [], variables: [VariableDefinition] = []
  ) {
    (self.dimensions, self.attributes, self.variables) = (dimensions, attributes, variables)
  }
}

public struct VariableDefinition: Sendable {
  public var name: String
  /// One of the six types of the classic model: int8, char, int16, int32, float32, float64.
  public var type: ElementType
  /// Names of dimensions, outermost first.
  public var dimensions: [String]
  /// Without `_FillValue`.
  public var attributes: [Attribute]
  /// `_FillValue`; nil writes none.
  public var fill: Attribute.Value?
  /// Extents of a chunk; nil stores the variable contiguously (not possible with an unlimited dimension).
  public var chunks: [Int]?
  /// Deflate level 1 to 9; nil does not compress.
  public var deflate: Int?
  public var shuffle: Bool
  public init(
    name: String, type: ElementType, dimensions: [String], attributes: [Attribute] = [],
    fill: Attribute.Value? = nil, chunks: [Int]? = nil, deflate: Int? = nil, shuffle: Bool = false
  ) {
    (self.name, self.type, self.dimensions, self.attributes) = (name, type, dimensions, attributes)
    (self.fill, self.chunks, self.deflate, self.shuffle) = (fill, chunks, deflate, shuffle)
  }
}
