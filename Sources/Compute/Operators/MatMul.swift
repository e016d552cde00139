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
    /// For each product the matrices of A and B that it is made of.
    let pairs: [(a: Int, b: Int)]
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
      var pairs: [(Int, Int)] = []
      outer.forEachPair { pairs.append(($1, $2)) }
      let last = (a.rank == 1 ? [] : [m]) + (b.rank == 1 ? [] : [n])
      return Plan(
        product: MatrixProduct(m: m, n: n, k: k, transposeA: false, transposeB: false),
        shape: try Shape(outer.shape.extents + last), pairs: pairs)
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
    for (index, pair) in plan.pairs.enumerated() {
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
    run.parallel(plan.pairs.count * pieces) { piece in
      let index = piece / pieces
      let pair = plan.pairs[index]
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
      let other = try graph.one(SwapLast(), try graph.viewed(b, fullB))
      gradients[0] = try graph.viewed(
        try graph.summed(try graph.one(MatMul(), fullSeed, other), to: fullA), shapeA.extents)
    }
    if call.wanted[1] {
      let other = try graph.one(SwapLast(), try graph.viewed(a, fullA))
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

  fileprivate mutating func summed(_ value: Value, to extents: [Int]) throws(GraphError) -> Value {
    if shape(value).extents == extents { return value }
    do { return try one(SumTo(try Shape(extents)), value) } catch let error as GraphError {
      throw error
    } catch {
      throw GraphError(path: path, "\(extents) is no shape", shapes: [])
    }
  }
}

/// Transposes the last two dimensions: inside gradients.
struct SwapLast: Operator {
  static let name = "SwapLast"

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    var extents = inputs[0].extents
    guard extents.count >= 2 else { throw OperatorError("\(inputs[0]) has fewer than two dimensions") }
    extents.swapAt(extents.count - 1, extents.count - 2)
    do { return [try Shape(extents)] } catch { throw OperatorError(error) }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let shape = inputs[0].shape
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    guard shape.count > 0 else { return }
    for matrix in stride(from: 0, to: shape.count, by: rows * columns) {
      for i in 0..<rows {
        for j in 0..<columns { outputs[0][matrix + j * rows + i] = inputs[0][matrix + i * columns + j] }
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(SwapLast(), seed)]
  }
}

extension MatMul {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    // Rows come from rows of the left matrix, columns from columns of the right one.
    guard let result = outputs.first, inputs.indices.contains(input), inputs[input].rank > 1 else {
      return nil
    }
    let fromEnd = result.rank - dimension
    if fromEnd > 2, inputs.allSatisfy({ $0.rank > 1 }) {
      return pointwiseRange(of: output, dimension: dimension, input: input, inputs, outputs)
    }
    return inputs.allSatisfy { $0.rank > 1 } && fromEnd == (input == 0 ? 2 : 1) ? output : nil
  }
}
