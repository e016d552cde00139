import Basics
import Compute
import Tensors

/// Classes in the channels, brought to [batch, classes, places]: from a target with one channel for each class
/// (1 where it is that class; or probabilities), or from a map of class numbers.
struct ClassMap {
  /// [batch, classes, places].
  let logits: Value
  /// The same shape; 0 everywhere where the place does not count.
  let oneHot: Value
  /// [batch, 1, places]: 0 where the place does not count. Nil: all count the same.
  let weights: Value?
  /// Not 0 when a place that counts has a number that is no class.
  let strangers: Value?
  let classes: Int

  static let keys = [
    Key("classes", .integer, "how many, when the target is a map of class numbers 0, 1, ..."),
    Key("ignore", .integer, "a number in the map that stands for no class"),
  ]

  /// - Parameters:
  ///   - classes: nil when the target has one channel for each class.
  ///   - ignore: the class number that does not count.
  init(
    _ prediction: Value, _ target: Value, weights: Value?, classes: Int?, ignore: Int?, _ loss: String,
    in graph: inout Graph
  ) throws(GraphError) {
    let shape = graph.shape(target)
    guard shape.rank >= 2 else {
      throw GraphError(
        path: graph.path, "the loss `\(loss)` needs a target [batch, channels, ...]", shapes: [shape])
    }
    try graph.expect(prediction, fits: target, times: classes ?? 1, loss)
    let batch = shape[0]
    let count = classes ?? shape[1]
    let places = shape.extents.dropFirst(classes == nil ? 2 : 1).reduce(1, *)
    func flat(_ value: Value, _ channels: Int, in graph: inout Graph) throws(GraphError) -> Value {
      try graph.one(Compute.Reshape([batch, channels, places], allowsZero: true), value)
    }
    self.classes = count
    logits = try flat(prediction, count, in: &graph)
    var given: Value?
    if let weights {
      try graph.expect(weights, broadcastTo: shape)
      let all = graph.shape(weights) == shape ? weights : try graph.one(Expand(shape), weights)
      given = try flat(all, classes == nil ? count : 1, in: &graph)
      if classes == nil, let each = given {
        given = try graph.one(ReduceMean(axes: [1], keepsDimensions: true), each)
      }
    }
    guard classes != nil else {
      (oneHot, self.weights, strangers) = (try flat(target, count, in: &graph), given, nil)
      return
    }
    let numbers = try flat(target, 1, in: &graph)
    let names = try graph.constant((0..<count).map(Double.init), [count, 1])
    var found = try graph.one(Equal(), numbers, names)
    var isKnown = try graph.one(ReduceSum(axes: [1], keepsDimensions: true), found)
    var counts = isKnown
    if let ignore {
      let ignored = try graph.one(Equal(), numbers, graph.constant(Double(ignore)))
      isKnown = try graph.one(Max(), isKnown, ignored)
      let taken = try graph.one(Sub(), graph.constant(1), ignored)
      counts = try graph.one(Mul(), counts, taken)
      found = try graph.one(Mul(), found, taken)
    }
    var strange = try graph.one(Sub(), graph.constant(1), isKnown)
    if let given { strange = try graph.one(Mul(), strange, given) }
    oneHot = found
    self.weights = if let given { try graph.one(Mul(), counts, given) } else { counts }
    strangers = try graph.one(SumTo(.scalar), strange)
  }

  /// The loss; not a number when there are strangers, so that training stops.
  func checked(_ loss: Value, in graph: inout Graph) throws(GraphError) -> Value {
    guard let strangers else { return loss }
    return try graph.one(Where(), strangers, graph.constant(.nan), loss)
  }

  /// Softmax over the classes of every variable, in the prediction's own shape.
  static func probabilities(_ prediction: Value, classes: Int?, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let shape = graph.shape(prediction)
    guard shape.rank >= 2, classes.map({ shape[1] % $0 == 0 }) ?? true else {
      throw GraphError(path: graph.path, "the channels are no whole number of classes", shapes: [shape])
    }
    guard let classes, shape[1] != classes else { return try graph.one(Compute.Softmax(axis: 1), prediction) }
    let places = shape.extents.dropFirst(2).reduce(shape[1] / classes, *)
    let flat = try graph.one(Compute.Reshape([shape[0], classes, places], allowsZero: true), prediction)
    return try graph.one(Compute.Reshape(to: shape), try graph.one(Compute.Softmax(axis: 1), flat))
  }
}

extension Arguments {
  /// The number of classes of a map: 2 or more.
  func classes() throws(PlanError) -> Int? {
    guard let count = integer("classes") else { return nil }
    guard (2...65536).contains(count) else {
      throw PlanError("`classes` must be 2 or more, found \(count)", at: mark("classes"))
    }
    return count
  }

  /// The number that stands for no class; only a map has one.
  func ignoredClass() throws(PlanError) -> Int? {
    guard let number = integer("ignore") else { return nil }
    guard integer("classes") != nil else {
      throw PlanError(
        "`ignore` belongs to a map of class numbers", at: mark("ignore"),
        remedy: "say how many `classes` it has")
    }
    guard abs(number) <= 1 << 24 else {
      throw PlanError("`ignore` must be a number that a float32 can hold", at: mark("ignore"))
    }
    return number
  }
}
