import Kernels
import Tensors

/// A fully connected layer whose operands are rounded to bfloat16, with sums in float32: y = activation(x w^T + bias).
/// Inputs: x (rows, channels) and the packed weights (`PackedProduct`).
struct RoundedProduct: Operator {
  static let name = "RoundedProduct"
  let size: ProductSize
  let activation: Activation?

  var detail: String { ["bfloat16", activation?.detail].compactMap(\.self).joined(separator: ", ") }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 2, inputs[0].extents == [size.rows, size.channels],
      inputs[1].extents == [size.packedCount]
    else { throw OperatorError("\(inputs) are not the matrix and the packed weights of the product") }
    return [try .made([size.rows, size.filters])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (k, n) = (size.channels, size.filters)
    let numbers = RoundedWeights.read(inputs[1], weights: n * k, bias: n)
    for i in 0..<size.rows {
      let x = (0..<k).map { Double(RoundedWeights.rounded(inputs[0][i * k + $0])) }
      for j in 0..<n {
        let sum = (0..<k).reduce(0.0) { $0 + x[$1] * Double(numbers[j * k + $1]) }
        outputs[0][i * n + j] = T(sum + Double(numbers[n * k + j]))
      }
    }
    activation?.reference(outputs[0])
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, packed, y) = (inputs[0], inputs[1], outputs[0])
    _ = size.withNative { native in
      let shared = (Int(unsafe isotach_bfloat16_shared(&native)) * 4 + 63) / 64 * 64
      let scratch = (Int(unsafe isotach_bfloat16_scratch(&native)) * 4 + 63) / 64 * 64
      let plan = unsafe NativeProduct(plan: native)
      for phase in Int64(0)..<2 {
        run.parallel(Int(unsafe isotach_bfloat16_pieces(&native, phase))) { piece, worker in
          guard let base = unsafe run.workspace.baseAddress else { return }
          var plan = unsafe plan.plan
          unsafe isotach_bfloat16_run_dense(
            &plan, phase, Int64(piece), x.pointer, packed.pointer, y.pointer,
            base.assumingMemoryBound(to: Float.self),
            (base + shared + worker * scratch).assumingMemoryBound(to: Float.self))
        }
      }
    }
    guard let activation else { return }
    run.parallel(over: y.count, grain: 4096) {
      unsafe activation.apply(y.pointer + $0.lowerBound, $0.count)
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    size.withNative { native in
      (Int(unsafe isotach_bfloat16_shared(&native)) * 4 + 63) / 64 * 64
        + threads * ((Int(unsafe isotach_bfloat16_scratch(&native)) * 4 + 63) / 64 * 64)
    } ?? 0
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 2 * Double(size.rows) * Double(size.channels) * Double(size.filters))
  }
}

/// The weights of a `RoundedProduct`, rounded and in the order in which its kernel reads them. Inputs: w (filters,
/// channels) and, possibly, a bias.
struct PackedProduct: Operator {
  static let name = "PackedProduct"
  let size: ProductSize

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard (1...2).contains(inputs.count), inputs[0].extents == [size.filters, size.channels],
      inputs.count == 1 || inputs[1].extents == [size.filters]
    else { throw OperatorError("\(inputs) are not the weights and the bias of the product") }
    return [try .made([size.packedCount])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    RoundedWeights.write(inputs[0], inputs.count > 1 ? inputs[1] : nil, outputs[0])
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (w, y) = (inputs[0], outputs[0])
    let bias = inputs.count > 1 ? inputs[1] : nil
    _ = size.withNative { native in
      let plan = unsafe NativeProduct(plan: native)
      run.parallel(Int(unsafe isotach_bfloat16_pack_ranges(&native))) { range in
        var plan = unsafe plan.plan
        unsafe isotach_bfloat16_pack(
          &plan, w.pointer, bias.map { UnsafePointer($0.pointer) }, Int64(range), Int64(range) + 1, y.pointer)
      }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

/// A plan is numbers alone.
@safe private struct NativeProduct: @unchecked Sendable {
  let plan: isotach_bfloat16
}

struct ProductSize: Sendable, Hashable {
  let rows: Int
  let channels: Int
  let filters: Int

  /// nil when there is no kernel for it.
  init?(rows: Int, channels: Int, filters: Int) {
    (self.rows, self.channels, self.filters) = (rows, channels, filters)
    guard rows > 0, channels > 0, filters > 0, withNative({ _ in true }) == true else { return nil }
  }

  func withNative<R>(_ body: (inout isotach_bfloat16) -> R) -> R? {
    var plan = unsafe isotach_bfloat16()
    guard
      unsafe isotach_bfloat16_plan_dense(Int64(rows), Int64(channels), Int64(filters), &plan) == 1
    else { return nil }
    return unsafe body(&plan)
  }

  /// In floats; the reference keeps weights and bias one behind the other.
  var packedCount: Int {
    max(
      (channels * filters + 1) / 2 + filters, withNative { Int(unsafe isotach_bfloat16_packed(&$0)) } ?? 0)
  }
}
