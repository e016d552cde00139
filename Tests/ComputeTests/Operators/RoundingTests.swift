import Compute
import Tensors
import Testing

/// Whole numbers, what is left of divisions, products.
@Suite struct RoundingTests {
  @Test(arguments: [
    (Floor() as any Operator, [-2.0, -2, -1, 0, 0, 1, 2, 2]), (Ceil(), [-2, -1, 0, 0, 1, 2, 2, 3]),
    (Round(), [-2, -2, 0, 0, 0, 2, 2, 2]), (Trunc(), [-2, -1, 0, 0, 0, 1, 2, 2]),
  ]) func wholeNumbers(_ op: any Operator, _ expected: [Double]) throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([8]))
    let y = try graph.one(op, x)
    let gradient = try differentiate(try graph.sum(y), by: [x], in: &graph)
    let numbers = [-2.0, -1.5, -0.5, 0, 0.5, 1.5, 2, 2.5]
    #expect(
      try Interpreter<Double>(graph).run([y] + gradient, ["x": numbers])
        == [expected, Array(repeating: 0, count: 8)])
    try OperatorCase("plain", op, [.init(extents: [3, 7], range: -3...3)], checksGradient: false).check()
  }

  @Test(arguments: [("floored", false), ("truncated", true)]) func remainders(
    _ name: String, _ truncates: Bool
  )
    throws
  {
    for (suffix, range) in [("", 0.7...2.0), (", negative", -2.0...(-0.7))] {
      try OperatorCase(
        name + suffix, Mod(truncates: truncates),
        [.init(extents: [3, 7], range: -5...5), .init(extents: [7], range: range)], hasGolden: true
      ).check()
    }
    var graph = Graph()
    let (a, b) = (
      try graph.constant([7, -7, 7, -7, 6, -6], [6]), try graph.constant([3, 3, -3, -3, 3, -3], [6])
    )
    let rest = try graph.one(Mod(truncates: truncates), a, b)
    #expect(
      try Interpreter<Double>(graph).run([rest], [:])
        == [truncates ? [1, -1, 1, -1, 0, 0] : [1, 2, -2, -1, 0, 0]])
  }

  @Test(
    arguments: [
      ("all", [2, 4], nil, false), ("last", [3, 5], [1], true),
      ("first and last", [3, 2, 2], [0, 2], false),
    ] as [(String, [Int], [Int]?, Bool)]) func products(
      _ name: String, _ extents: [Int], _ axes: [Int]?, _ keeps: Bool
    )
    throws
  {
    try OperatorCase(
      name, ReduceProd(axes: axes, keepsDimensions: keeps), [.init(extents: extents)], hasGolden: true
    ).check()
  }

  /// The gradient is the product of the others, zeros or not; of no numbers the product is 1.
  @Test func productsWithZeros() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([3, 3]))
    let y = try graph.one(ReduceProd(axes: [1]), x)
    let gradient = try differentiate(try graph.sum(y), by: [x], in: &graph)
    let found = try Interpreter<Double>(graph).run([y] + gradient, ["x": [2, 3, 4, 2, 0, 4, 0, 0, 5]])
    #expect(found == [[24, 0, 0], [12, 8, 6, 0, 8, 0, 0, 0, 0]])
    let empty = try graph.parameter("empty", .init([2, 0]))
    let one = try graph.one(ReduceProd(axes: [1]), empty)
    #expect(try Interpreter<Double>(graph).run([one], ["empty": []]) == [[1, 1]])
  }
}
