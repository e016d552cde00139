import Basics

/// A definition that has been checked, with the sizes that follow from it.
struct FileLayout: Sendable {
  struct Variable: Sendable {
    let definition: VariableDefinition
    /// Name of its dataset: HDF5 has one name space for dimensions and variables, so a variable that is named
    /// as a dimension but is not its coordinate is stored under netCDF-4's prefix.
    let dataset: String
    let extents: [Int]
    let isGrowing: Bool
    let elementSize: Int
    let count: Int
    /// Elements of one chunk and number of chunks; 0 when contiguous.
    let chunkCount: Int
    let chunks: Int
    var chunkBytes: Int { chunkCount * elementSize }
  }

  let dimensions: [Dimension]
  let attributes: [Attribute]
  let variables: [Variable]
  private let places: [String: Int]

  subscript(_ name: String) -> Variable? { places[name].map { variables[$0] } }

  init(_ definition: FileDefinition, path: String) throws(FileError) {
    var lengths: [String: Dimension] = [:]
    for dimension in definition.dimensions {
      guard dimension.length >= (dimension.isUnlimited ? 0 : 1) else {
        throw FileError(.refused, path: path, subject: dimension.name, "a dimension must not be empty")
      }
      guard lengths.updateValue(dimension, forKey: dimension.name) == nil else {
        throw FileError(.refused, path: path, subject: dimension.name, "the dimension is defined twice")
      }
    }
    try Self.check(definition.attributes, of: nil, path)
    var places: [String: Int] = [:]
    var variables: [Variable] = []
    for variable in definition.variables {
      guard places.updateValue(variables.count, forKey: variable.name) == nil else {
        throw FileError(.refused, path: path, subject: variable.name, "the variable is defined twice")
      }
      variables.append(try Self.layout(variable, lengths, path))
    }
    (self.dimensions, self.attributes) = (definition.dimensions, definition.attributes)
    (self.variables, self.places) = (variables, places)
  }

  private static func layout(
    _ variable: VariableDefinition, _ lengths: [String: Dimension], _ path: String
  ) throws(FileError) -> Variable {
    func fault(_ cause: String) -> FileError {
      FileError(.refused, path: path, subject: variable.name, cause)
    }
    switch variable.type {
    case .int8, .char, .int16, .int32, .float32, .float64: break
    default: throw fault("the classic model has no type \(variable.type.name)")
    }
    guard let elementSize = variable.type.size else { throw fault("its elements have no size") }
    try check(variable.attributes, of: variable.name, path)
    if let fill = variable.fill {
      guard Attribute("_FillValue", fill).elementType == variable.type else {
        throw fault("_FillValue is not of the variable's type, \(variable.type.name)")
      }
    }
    var extents: [Int] = []
    var limits: [Int] = []
    var isGrowing = false
    for name in variable.dimensions {
      guard let dimension = lengths[name] else { throw fault("there is no dimension \(name)") }
      extents.append(dimension.length)
      limits.append(dimension.isUnlimited ? .max : dimension.length)
      isGrowing = isGrowing || dimension.isUnlimited
    }
    guard let count = product(extents), product(extents + [elementSize]) != nil else {
      throw fault("it is too large")
    }
    var chunkCount = 0
    var chunks = 0
    if let shape = variable.chunks {
      guard shape.count == extents.count, !shape.isEmpty,
        zip(shape, limits).allSatisfy({ $0 > 0 && $0 <= $1 }),
        let elements = product(shape), let bytes = product(shape + [elementSize]), bytes < 1 << 32
      else { throw fault("chunks of \(shape) do not fit its extents \(extents)") }
      chunkCount = elements
      chunks = zip(extents, shape).reduce(1) { $0 * ($1.0 / $1.1 + ($1.0 % $1.1 == 0 ? 0 : 1)) }
    } else if isGrowing || variable.deflate != nil || variable.shuffle {
      throw fault("a variable of unlimited length or with compression needs chunks")
    }
    if let level = variable.deflate, !(1...9).contains(level) {
      throw fault("the deflate level \(level) is not between 1 and 9")
    }
    let isCoordinate = variable.dimensions.first == variable.name
    return Variable(
      definition: variable,
      dataset: lengths[variable.name] != nil && !isCoordinate
        ? "_nc4_non_coord_" + variable.name : variable.name,
      extents: extents, isGrowing: isGrowing, elementSize: elementSize, count: count,
      chunkCount: chunkCount, chunks: chunks)
  }

  private static func check(_ attributes: [Attribute], of variable: String?, _ path: String) throws(FileError)
  {
    var seen: Set<String> = []
    for attribute in attributes {
      let subject = "\(variable ?? "")@\(attribute.name)"
      guard seen.insert(attribute.name).inserted else {
        throw FileError(.refused, path: path, subject: subject, "the attribute is given twice")
      }
      guard variable == nil || attribute.name != "_FillValue" else {
        throw FileError(.refused, path: path, subject: subject, "_FillValue is given by the definition alone")
      }
      switch attribute.value {
      case .text, .int8, .int16, .int32, .float32, .float64: break
      case .strings(let strings) where strings.count == 1: break
      default:
        throw FileError(
          .refused, path: path, subject: subject,
          "the classic model has no attributes of type \(attribute.elementType.name)")
      }
    }
  }

  private static func product(_ extents: [Int]) -> Int? {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = next
    }
    return product
  }
}
