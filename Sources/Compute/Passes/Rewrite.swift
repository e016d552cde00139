/// A graph that is written anew from another one: a pass copies the nodes that are needed, in order, and puts
/// something else in the place of some. What nothing needs is left behind; parameters keep their order.
struct Rewrite {
  let old: Graph
  var new = Graph()
  private var places: [Value?]
  private let goals: Goals
  /// The nodes that are needed, in order.
  let order: [Int]
  /// For each old value the needed nodes that read it, each as often as it does.
  let readers: [[Int]]
  /// Values that are goals themselves.
  let wanted: Set<Value>

  init(_ old: Graph, _ goals: Goals) throws(GraphError) {
    (self.old, self.goals) = (old, goals)
    places = old.shapes.map { _ in nil }
    order = old.nodes(for: goals.values)
    wanted = Set(goals.values)
    var readers = [[Int]](repeating: [], count: old.shapes.count)
    for node in order { for input in old.nodes[node].call.inputs { readers[input.index].append(node) } }
    self.readers = readers
    for (name, shape) in old.parameters { _ = try new.parameter(name, shape) }
  }

  /// The new value in the place of an old one.
  mutating func value(_ value: Value) throws(GraphError) -> Value {
    if let place = places[value.index] { return place }
    let shape = old.shape(value)
    let made: Value
    switch old.origin(value) {
    case .input(let name): made = try new.input(name, shape)
    case .parameter(let name): made = try new.parameter(name, shape)
    case .constant(let numbers): made = try new.constant(numbers, shape.extents)
    case .node:
      throw GraphError(path: new.path, "a pass left out a node that is needed", shapes: [shape])
    }
    places[value.index] = made
    return made
  }

  mutating func values(_ values: [Value]) throws(GraphError) -> [Value] {
    var made: [Value] = []
    for one in values { made.append(try value(one)) }
    return made
  }

  /// Lets a new value stand for an old one.
  mutating func replace(_ value: Value, by other: Value) throws(GraphError) {
    guard old.shape(value) == new.shape(other) else {
      throw GraphError(
        path: new.path, "a pass changed a shape", shapes: [old.shape(value), new.shape(other)])
    }
    places[value.index] = other
  }

  /// Copies a node, possibly with another operator that makes outputs of the same shapes.
  mutating func copy(_ index: Int, op: (any Operator)? = nil) throws(GraphError) {
    let node = old.nodes[index]
    let inputs = try values(node.call.inputs)
    new.path = node.call.path
    let outputs = try new.apply(op ?? node.op, inputs)
    for (place, output) in zip(node.call.outputs, outputs) { try replace(place, by: output) }
  }

  /// The new graph, and the goals in it.
  mutating func finish() throws(GraphError) -> (graph: Graph, goals: Goals) {
    var result = goals
    for index in result.outputs.indices {
      result.outputs[index].value = try value(goals.outputs[index].value)
    }
    for index in result.external.indices {
      result.external[index].value = try value(goals.external[index].value)
    }
    for index in result.updates.indices {
      result.updates[index].value = try value(goals.updates[index].value)
    }
    new.path = old.path
    return (new, result)
  }
}
