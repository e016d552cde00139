import Tensors

/// Which values are made where they will lie inside of another one (concatenations): no copy is made of them.
///
/// The first operator that wants a value inside of its output gets it; the outermost output (`home`) has the memory,
/// from the first part that is made to the last use of any.
struct Placements {
  private var parts: [Value: (whole: Value, bytes: Int)] = [:]
  private var wholes: Set<Value> = []

  /// - Parameter isFree: whether a value's place may be chosen here.
  init(_ graph: Graph, _ order: [Int], isFree: (Value) -> Bool) {
    var made = Set<Value>()
    for index in order {
      let node = graph.nodes[index]
      defer { made.formUnion(node.call.outputs) }
      guard let whole = node.call.outputs.first, isFree(whole) else { continue }
      let shapes = node.call.inputs.map(graph.shape)
      for (position, input) in node.call.inputs.enumerated() {
        guard let offset = node.op.placement(of: position, shapes), made.contains(input), isFree(input),
          parts[input] == nil, graph.shape(input).count > 0
        else { continue }
        parts[input] = (whole, offset * MemoryLayout<Float>.stride)
        wholes.insert(whole)
      }
    }
  }

  func isPart(_ value: Value) -> Bool { parts[value] != nil }

  /// Bytes from the start of its home.
  func offset(_ value: Value) -> Int {
    parts[value].map { $0.bytes + offset($0.whole) } ?? 0
  }

  /// The outermost value that this one is a part of, or that has parts itself; nil for all others.
  func home(_ value: Value) -> Value? {
    guard let part = parts[value] else { return wholes.contains(value) ? value : nil }
    return home(part.whole) ?? part.whole
  }
}
