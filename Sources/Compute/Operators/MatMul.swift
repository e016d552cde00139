import Kernels
import Tensors

/// The matrix products of the last two dimensions, the others broadcast against each other; a vector counts as a
/// row on the left and as a column on the right, and that dimension goes again. Source: ONNX MatMul (numpy.matmul).
public struct MatMul: Operator {
  public static let name = "MatMul"
  public init() {}

  private struct Plan: Sendable {
    let product: MatrixProduct
    let shape: Shape
    let outer: Broadcasting

    /// For each product the matrices of A and B that it is made of. As long as the result: only when it is computed.
    func pairs() -> [(a: Int, b: Int)] {
      var pairs: [(Int, Int)] = []
      pairs.reserveCapacity(outer.shape.count)
      outer.forEachPair { pairs.append(($1, $2)) }
      return pairs
    }
  }

  private func plan(_ inputs: [Shape]) throws(OperatorError) -> Plan {
    guard inputs.count == 2 else { throw OperatorError("needs two inputs, found \(inputs.count)") }
    let (a, b) = (inputs[0], inputs[1])
    guard a.rank >= 1, b.rank >= 1 else { throw OperatorError("\(a) and \(b) must be vectors or more") }
    let left = a.rank == 1 ? [1] + a.extents : a.extents
    let right = b.rank == 1 ? b.extents + [1] : b.extents
    let (m, k) = (left[left.count - 2], left[left.count - 1])
    let (inner, n) = (right[right.count - 2], right[right.count - 1])
    guard k == inner else { throw OperatorError("\(a) has \(k) columns, \(b) has \(inner) rows") }
    do {
      let outer = try Broadcasting([try Shape(Array(left.dropLast(2))), try Shape(Array(right.dropLast(2)))])
      let last = (a.rank == 1 ? [] : [m]) + (b.rank == 1 ? [] : [n])
      return Plan(
        product: MatrixProduct(m: m, n: n, k: k, transposeA: false, transposeB: false),
        shape: try Shape(outer.shape.extents + last), outer: outer)
    } catch let error as ShapeError {
      throw OperatorError(error)
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError("\(a) and \(b) do not fit")
    }
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [try plan(inputs).shape] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    let (m, n, k) = (plan.product.m, plan.product.n, plan.product.k)
    for (index, pair) in plan.pairs().enumerated() {
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for l in 0..<k {
            sum +=
              Double(inputs[0][pair.a * m * k + i * k + l]) * Double(inputs[1][pair.b * k * n + l * n + j])
          }
          outputs[0][index * m * n + i * n + j] = T(sum)
        }
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    let (a, b, y) = (inputs[0], inputs[1], outputs[0])
    let product = plan.product
    let pieces = product.pieces
    if product.k == 0 { return y.fill(0) }
    let pairs = plan.pairs()
    run.parallel(pairs.count * pieces) { piece in
      let index = piece / pieces
      let pair = pairs[index]
      product.run(
        piece % pieces, 1, a.pointer + pair.a * product.m * product.k,
        b.pointer + pair.b * product.k * product.n, 0, y.pointer + index * product.m * product.n)
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    let (a, b) = (call.inputs[0], call.inputs[1])
    let (shapeA, shapeB) = (graph.shape(a), graph.shape(b))
    // As matrices: vectors get back the dimension that they lack.
    let fullA = shapeA.rank == 1 ? [1] + shapeA.extents : shapeA.extents
    let fullB = shapeB.rank == 1 ? shapeB.extents + [1] : shapeB.extents
    let outer = graph.shape(seed).extents.dropLast((shapeA.rank == 1 ? 0 : 1) + (shapeB.rank == 1 ? 0 : 1))
    let fullSeed = try graph.viewed(seed, outer + [fullA[fullA.count - 2], fullB[fullB.count - 1]])
    var gradients: [Value?] = [nil, nil]
    if call.wanted[0] {
      let other = try graph.swappedLast(try graph.viewed(b, fullB))
      gradients[0] = try graph.viewed(
        try graph.summed(try graph.one(MatMul(), fullSeed, other), to: fullA), shapeA.extents)
    }
    if call.wanted[1] {
      let other = try graph.swappedLast(try graph.viewed(a, fullA))
      gradients[1] = try graph.viewed(
        try graph.summed(try graph.one(MatMul(), other, fullSeed), to: fullB), shapeB.extents)
    }
    return gradients
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    guard let plan = try? plan(inputs) else { return Cost(operations: 0) }
    return Cost(operations: 2 * Double(plan.shape.count) * Double(plan.product.k))
  }
}

extension Graph {
  /// The same numbers under other extents.
  fileprivate mutating func viewed(_ value: Value, _ extents: [Int]) throws(GraphError) -> Value {
    shape(value).extents == extents ? value : try one(Reshape(extents, allowsZero: true), value)
  }

  /// The last two dimensions exchanged.
  fileprivate mutating func swappedLast(_ value: Value) throws(GraphError) -> Value {
    var order = Array(0..<shape(value).rank)
    order.swapAt(order.count - 1, order.count - 2)
    return try one(Transpose(order), value)
  }

  fileprivate mutating func summed(_ value: Value, to extents: [Int]) throws(GraphError) -> Value {
    if shape(value).extents == extents { return value }
    do { return try one(SumTo(try Shape(extents)), value) } catch let error as GraphError {
      throw error
    } catch {
      throw GraphError(path: path, "\(extents) is no shape", shapes: [])
    }
  }
}
