import Compute
import Tensors

/// A tensor while a model is read: a value of the graph, and the type that the model gives it.
struct OnnxValue: Sendable, Hashable {
  let value: Value
  let type: ElementType
  init(_ value: Value, _ type: ElementType) { (self.value, self.type) = (value, type) }
}

/// One node of a model while it is read: its inputs, its attributes, and the graph that it is added to. Attributes that nobody
/// asked for are an error afterwards: nothing is left out silently.
final class NodeReader {
  /// The version of the operators of ONNX that the model is written for.
  let opset: Int
  let outputCount: Int
  private let reading: GraphReading
  private let inputs: [OnnxValue?]
  private let attributes: [String: Onnx_AttributeProto]
  private var asked: Set<String> = []
  private let inlining: (Onnx_GraphProto) throws(NodeError) -> [OnnxValue]

  init(
    _ reading: GraphReading, opset: Int, inputs: [OnnxValue?], attributes: [String: Onnx_AttributeProto],
    outputCount: Int, inline: @escaping (Onnx_GraphProto) throws(NodeError) -> [OnnxValue]
  ) {
    (self.reading, self.opset, self.inputs, self.attributes) = (reading, opset, inputs, attributes)
    (self.outputCount, inlining) = (outputCount, inline)
  }

  // MARK: - Inputs

  /// How many inputs are named, those that are left out (in front of others) among them.
  var inputCount: Int { inputs.count }

  /// An input that may be left out.
  func optional(_ position: Int) -> OnnxValue? {
    inputs.indices.contains(position) ? inputs[position] : nil
  }

  func input(_ position: Int) throws(NodeError) -> OnnxValue {
    guard let value = optional(position) else {
      throw NodeError(.damaged, "its input \(position) is missing")
    }
    return value
  }

  /// All inputs; none may be left out.
  func all() throws(NodeError) -> [OnnxValue] {
    var values: [OnnxValue] = []
    for position in inputs.indices { values.append(try input(position)) }
    return values
  }

  func shape(_ value: OnnxValue) -> Shape { reading.graph.shape(value.value) }

  /// The numbers of a tensor that must be known when the graph is made.
  func numbers(_ value: OnnxValue, _ what: String) throws(NodeError) -> [Double] {
    do throws(NodeError) { return try reading.numbers(value.value) } catch {
      throw NodeError(error.kind, "its \(what) must be known before the model runs: \(error.cause)")
    }
  }

  /// Whole numbers that must be known when the graph is made; those beyond Int are its ends.
  func integers(_ value: OnnxValue, _ what: String) throws(NodeError) -> [Int] {
    try numbers(value, what).map { (number) throws(NodeError) in
      guard number.isFinite, number == number.rounded() else {
        throw NodeError(.damaged, "its \(what) must be whole numbers, found \(number)")
      }
      return Int(exactly: number) ?? (number < 0 ? .min : .max)
    }
  }

  /// One number that must be known when the graph is made.
  func number(_ value: OnnxValue, _ what: String) throws(NodeError) -> Double {
    let numbers = try numbers(value, what)
    guard numbers.count == 1 else {
      throw NodeError(.damaged, "its \(what) must be one number, found \(numbers.count)")
    }
    return numbers[0]
  }

  // MARK: - Attributes

  private func attribute(_ name: String, _ type: Onnx_AttributeProto.AttributeType) throws(NodeError)
    -> Onnx_AttributeProto?
  {
    asked.insert(name)
    guard let attribute = attributes[name] else { return nil }
    // Files of the first versions of ONNX have no types.
    guard attribute.type == type || attribute.type == .undefined else {
      throw NodeError(.damaged, "its attribute `\(name)` is of the type \(attribute.type), expected \(type)")
    }
    return attribute
  }

  func has(_ name: String) -> Bool { attributes[name] != nil }

  func int(_ name: String) throws(NodeError) -> Int? { try attribute(name, .int).map { Int($0.i) } }
  func int(_ name: String, _ standard: Int) throws(NodeError) -> Int { try int(name) ?? standard }
  func flag(_ name: String, _ standard: Bool) throws(NodeError) -> Bool {
    try int(name).map { $0 != 0 } ?? standard
  }
  func ints(_ name: String) throws(NodeError) -> [Int]? {
    try attribute(name, .ints).map { $0.ints.map { Int($0) } }
  }
  func float(_ name: String) throws(NodeError) -> Double? {
    try attribute(name, .float).map { Double($0.f) }
  }
  func float(_ name: String, _ standard: Double) throws(NodeError) -> Double { try float(name) ?? standard }
  func floats(_ name: String) throws(NodeError) -> [Double]? {
    try attribute(name, .floats).map { $0.floats.map { Double($0) } }
  }
  func string(_ name: String) throws(NodeError) -> String? {
    try attribute(name, .string).map { String(decoding: $0.s, as: UTF8.self) }
  }
  /// A text that must be one of a few.
  func word<T: RawRepresentable & CaseIterable>(_ name: String, _ standard: T) throws(NodeError) -> T
  where T.RawValue == String {
    guard let text = try string(name) else { return standard }
    guard let value = T(rawValue: text) else {
      let words = T.allCases.map { $0.rawValue }.joined(separator: ", ")
      throw NodeError(.unsupported, "its attribute `\(name)` is `\(text)`, expected one of \(words)")
    }
    return value
  }
  func tensor(_ name: String) throws(NodeError) -> Onnx_TensorProto? { try attribute(name, .tensor).map(\.t) }
  /// A branch.
  func graph(_ name: String) throws(NodeError) -> Onnx_GraphProto? { try attribute(name, .graph).map(\.g) }
  /// Puts the nodes of a branch here.
  /// - Returns: its outputs.
  func inline(_ branch: Onnx_GraphProto) throws(NodeError) -> [OnnxValue] { try inlining(branch) }
  /// An attribute that has no effect here.
  func ignore(_ name: String) { asked.insert(name) }

  /// - Throws: when the node has an attribute that its reader does not know.
  func expectAllAsked() throws(NodeError) {
    if let name = attributes.keys.filter({ !asked.contains($0) }).min() {
      throw NodeError(.unsupported, "its attribute `\(name)` is not known here")
    }
  }

  // MARK: - The graph

  /// Applies an operator. Constants of a few numbers are worked out at once.
  func apply(_ op: any Operator, _ inputs: [OnnxValue], _ type: ElementType? = nil) throws(NodeError)
    -> [OnnxValue]
  {
    let kind = type ?? inputs.first?.type ?? .float32
    return try reading.apply(op, inputs.map(\.value)).map { OnnxValue($0, kind) }
  }

  /// Applies an operator with one output; the output has the type of the first input, or `type`.
  func one(_ op: any Operator, _ inputs: OnnxValue..., type: ElementType? = nil) throws(NodeError)
    -> OnnxValue
  {
    guard let value = try apply(op, inputs, type).first else { throw NodeError(.damaged, "it makes nothing") }
    return value
  }

  func constant(_ numbers: [Double], _ extents: [Int], _ type: ElementType) throws(NodeError) -> OnnxValue {
    OnnxValue(try reading.constant(numbers, extents), type)
  }
  func scalar(_ number: Double, _ type: ElementType = .float32) throws(NodeError) -> OnnxValue {
    try constant([number], [], type)
  }
  /// The numbers of a tensor that stands in an attribute.
  func constant(_ tensor: Onnx_TensorProto) throws(NodeError) -> OnnxValue { try reading.value(of: tensor) }
}
