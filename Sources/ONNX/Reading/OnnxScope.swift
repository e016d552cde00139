/// The names that nodes may use: of the graph, or of a branch and of the graph around it.
final class OnnxScope {
  private var values: [String: OnnxValue] = [:]
  private let stored: [String: TensorNumbers]
  private let reading: GraphReading
  private let outer: OnnxScope?

  /// - Parameter stored: initialisers; they become values when they are used.
  init(_ reading: GraphReading, _ stored: [String: TensorNumbers], outer: OnnxScope? = nil) {
    (self.reading, self.stored, self.outer) = (reading, stored, outer)
  }

  subscript(name: String) -> OnnxValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// nil when there is no such name.
  func find(_ name: String) throws(NodeError) -> OnnxValue? {
    if let value = values[name] { return value }
    guard let tensor = stored[name] else { return try outer?.find(name) }
    let value = try reading.value(of: tensor, name: name)
    values[name] = value
    return value
  }
}
