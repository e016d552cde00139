import Kernels
import Tensors

/// alpha A' B' + beta C of matrices, A' and B' being A and B or their transposes; C, if given, is broadcast to the
/// result. A fully connected layer is Gemm of x (batch, in), w (out, in; transposeB) and a bias. Source: ONNX Gemm.
public struct Gemm: TakesActivation {
  public static let name = "Gemm"
  public let alpha: Double
  public let beta: Double
  public let transposeA: Bool
  public let transposeB: Bool
  public var activation: Activation?

  public init(alpha: Double = 1, beta: Double = 1, transposeA: Bool = false, transposeB: Bool = false) {
    (self.alpha, self.beta) = (alpha, beta)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
  }

  public var detail: String {
    detail(
      ((alpha == 1 ? [] : ["alpha \(alpha)"]) + (beta == 1 ? [] : ["beta \(beta)"])
        + (transposeA ? ["transposed A"] : []) + (transposeB ? ["transposed B"] : [])).joined(separator: ", ")
    )
  }

  private func sizes(_ inputs: [Shape]) throws(OperatorError) -> (m: Int, n: Int, k: Int) {
    guard inputs.count == 2 || inputs.count == 3 else {
      throw OperatorError("needs two matrices and possibly a third, found \(inputs.count) inputs")
    }
    let (a, b) = (inputs[0], inputs[1])
    guard a.rank == 2, b.rank == 2 else { throw OperatorError("\(a) and \(b) must be matrices") }
    let (m, k) = transposeA ? (a[1], a[0]) : (a[0], a[1])
    let (inner, n) = transposeB ? (b[1], b[0]) : (b[0], b[1])
    guard k == inner else {
      throw OperatorError(
        "\(a)\(transposeA ? " transposed" : "") has \(k) columns, \(b)\(transposeB ? " transposed" : "") has \(inner) rows"
      )
    }
    return (m, n, k)
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    let (m, n, _) = try sizes(inputs)
    let shape: Shape
    do { shape = try Shape([m, n]) } catch { throw OperatorError(error) }
    if inputs.count == 3, try Broadcasting([shape, inputs[2]]).shape != shape {
      throw OperatorError("\(inputs[2]) cannot be repeated to \(shape)")
    }
    return [shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let (m, n, k) = try? sizes(inputs.map(\.shape)) else { return }
    var added = [Double](repeating: 0, count: m * n)
    if inputs.count == 3, let broadcasting = try? Broadcasting([outputs[0].shape, inputs[2].shape]) {
      broadcasting.forEachPair { added[$0] = beta * Double(inputs[2][$2]) }
    }
    let (a, b) = (inputs[0], inputs[1])
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for l in 0..<k {
          sum += Double(a[transposeA ? l * m + i : i * k + l]) * Double(b[transposeB ? j * k + l : l * n + j])
        }
        outputs[0][i * n + j] = T(alpha * sum + added[i * n + j])
      }
    }
    activation?.reference(outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let (m, n, k) = try? sizes(inputs.map(\.shape)) else { return }
    let (a, b, y) = (inputs[0], inputs[1], outputs[0])
    let isAdded = inputs.count == 3
    if isAdded { begin(with: inputs[2], y) } else if k == 0 { y.fill(0) }
    let product = MatrixProduct(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB)
    run.parallel(product.pieces) {
      product.run($0, Float(alpha), a.pointer, b.pointer, isAdded ? 1 : 0, y.pointer)
    }
    guard let activation else { return }
    run.parallel(over: y.count, grain: 4096) { activation.apply(y.pointer + $0.lowerBound, $0.count) }
  }

  /// y = beta C, repeated to y.
  private func begin(with c: Operand<Float>, _ y: Operand<Float>) {
    let (columns, factor) = (y.shape[1], Float(beta))
    if c.count == columns, c.shape.extents.last == columns {
      // A bias: the same row again and again.
      for start in stride(from: 0, to: y.count, by: max(1, columns)) {
        isotach_scale_shift(c.pointer, y.pointer + start, Int64(columns), factor, 0)
      }
    } else if let broadcasting = try? Broadcasting([y.shape, c.shape]) {
      broadcasting.forEachPair { y[$0] = factor * c[$2] }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    try expectNoActivation(call)
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let (a, b) = (call.inputs[0], call.inputs[1])
    var gradients: [Value?] = [nil, nil]
    if call.wanted[0] {
      gradients[0] =
        transposeA
        ? try graph.one(Gemm(alpha: alpha, transposeA: transposeB, transposeB: true), b, seed)
        : try graph.one(Gemm(alpha: alpha, transposeB: !transposeB), seed, b)
    }
    if call.wanted[1] {
      gradients[1] =
        transposeB
        ? try graph.one(Gemm(alpha: alpha, transposeA: true, transposeB: transposeA), seed, a)
        : try graph.one(Gemm(alpha: alpha, transposeA: !transposeA), a, seed)
    }
    if call.inputs.count == 3 {
      var third: Value?
      if call.wanted[2] {
        let scaled = beta == 1 ? seed : try graph.one(Mul(), seed, graph.constant(beta))
        third = try graph.reduced(scaled, to: call.inputs[2])
      }
      gradients.append(third)
    }
    return gradients
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    guard let (m, n, k) = try? sizes(inputs) else { return Cost(operations: 0) }
    return Cost(operations: 2 * Double(m) * Double(n) * Double(k))
  }
}

/// One product of matrices in pieces that follow from the sizes alone: stretches of columns, or of rows when
/// there are more of them.
struct MatrixProduct: Sendable {
  let m: Int
  let n: Int
  let k: Int
  let transposeA: Bool
  let transposeB: Bool

  /// Pieces of at least a few hundred thousand operations.
  private var wanted: Int { min(8, max(1, m * n / 4096 * max(1, k) / 64)) }
  private var splitsColumns: Bool { n >= m }
  var pieces: Int { min(wanted, max(1, (splitsColumns ? n : m) / 64)) }

  func run(
    _ piece: Int, _ alpha: Float, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ beta: Float,
    _ y: UnsafeMutablePointer<Float>
  ) {
    let count = splitsColumns ? n : m
    // At multiples of 16, so that vectors end where pieces do.
    func edge(_ index: Int) -> Int { index == pieces ? count : count * index / pieces / 16 * 16 }
    let (first, last) = (edge(piece), edge(piece + 1))
    let (lda, ldb) = (Int64(transposeA ? m : k), Int64(transposeB ? k : n))
    let (ta, tb) = (CInt(transposeA ? 1 : 0), CInt(transposeB ? 1 : 0))
    if splitsColumns {
      isotach_sgemm(
        ta, tb, Int64(m), Int64(last - first), Int64(k), alpha, a, max(1, lda),
        b + (transposeB ? first * k : first), max(1, ldb), beta, y + first, Int64(max(1, n)))
    } else {
      isotach_sgemm(
        ta, tb, Int64(last - first), Int64(n), Int64(k), alpha, a + (transposeA ? first : first * k),
        max(1, lda), b, max(1, ldb), beta, y + first * n, Int64(max(1, n)))
    }
  }
}

extension Gemm {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    input == 0 && dimension == 0 && !transposeA ? output : nil
  }
}
