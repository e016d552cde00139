import GridFiles

/// Puts a file together, variable by variable.
struct HeaderBuilder {
  let description: Description
  let options: EncodingOptions
  var definition = FileDefinition()
  var numbers: [(name: String, values: [Double])] = []
  var texts: [(name: String, values: [String])] = []
  var data: [(name: String, chunks: [Int])] = []
  var names = OutputNames()
  private var dimensionNames = OutputNames()
  /// What `cell_methods` may call an axis -> its name in the file.
  var axisNames: [String: String] = [:]
  /// Outermost first, of the data variables.
  var dataDimensions: [(name: String, length: Int, isMap: Bool)] = []
  /// For `coordinates`.
  var auxiliary: [String] = []
  /// For `ancillary_variables`.
  var ancillary: [String] = []
  /// Scalar coordinates that are text: attributes of the data, because CDO takes no text variables.
  var labels: [Attribute] = []
  var mappingName: String?
  var time: OutputTime?
  /// Units and range of the vertical coordinate, for the global attributes.
  var vertical: (low: Double, high: Double, units: String, positive: String?)?

  init(_ description: Description, _ options: EncodingOptions) {
    (self.description, self.options) = (description, options)
  }

  mutating func build() throws(GridError) {
    guard !description.variables.isEmpty else { throw GridError("there is no variable to write") }
    // Data variables keep their names; coordinates give way.
    let dataNames = try reserveDataNames()
    try addTime()
    for axis in description.layers { try addLayer(axis) }
    try addGrid()
    for scalar in description.scalars { addScalar(scalar) }
    for (variable, name) in zip(description.variables, dataNames) { try addData(variable, name) }
    // The first variable is what viewers show.
    let count = description.variables.count
    let all = definition.variables
    definition.variables = Array(all.suffix(count)) + Array(all.dropLast(count))
    definition.attributes = GlobalAttributes(self).attributes
  }

  private mutating func reserveDataNames() throws(GridError) -> [String] {
    var result: [String] = []
    for variable in description.variables {
      let name = OutputNames.clean(variable.name)
      guard names.free(name) == name else {
        throw GridError(
          "two variables would be called `\(name)` in the output", subject: variable.name,
          remedy: "give them other names with `rename`")
      }
      result.append(name)
    }
    return result
  }

  mutating func addDimension(
    _ wanted: String, _ length: Int, isUnlimited: Bool = false, isMap: Bool
  ) -> String {
    // A dimension and its coordinate share one name.
    var name = names.free(wanted)
    while dimensionNames.free(name) != name { name = names.free(wanted) }
    definition.dimensions.append(Dimension(name: name, length: length, isUnlimited: isUnlimited))
    dataDimensions.append((name, length, isMap))
    return name
  }

  private var extras: [String: String] = [:]
  mutating func pairDimension() -> String { extra("bnds", 2) }
  mutating func vertexDimension() -> String { extra("vertices", 4) }

  private mutating func extra(_ wanted: String, _ length: Int) -> String {
    if let known = extras[wanted] { return known }
    let name = dimensionNames.free(wanted)
    definition.dimensions.append(Dimension(name: name, length: length))
    extras[wanted] = name
    return name
  }

  mutating func define(
    _ name: String, _ type: ElementType, _ dimensions: [String], _ attributes: [Attribute],
    fill: Attribute.Value? = nil, chunks: [Int]? = nil, isPacked: Bool = false
  ) {
    definition.variables.append(
      VariableDefinition(
        name: name, type: type, dimensions: dimensions, attributes: attributes, fill: fill, chunks: chunks,
        deflate: isPacked ? options.deflate : nil,
        shuffle: isPacked && options.shuffle && options.deflate != nil))
  }
}

extension String {
  var spaced: String { String(map { $0 == "_" ? " " : $0 }) }
}
