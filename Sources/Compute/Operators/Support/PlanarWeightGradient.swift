import Kernels
import Tensors

/// The gradient of the weights of a convolution with few channels and few filters, in vectors of pixels (see
/// `isotach_planar_gradient`).
struct PlanarWeightGradient {
  private let native: isotach_planar_gradient

  /// - Returns: nil where the kernel cannot, or where rows would leave its vectors half empty.
  init?(_ plan: ConvolutionPlan) {
    let columns = plan.window.output[2]
    guard plan.rank == 2, plan.batch > 0, plan.window.kernelCount > 1,
      4 * columns >= 3 * ((columns + 15) / 16 * 16)
    else { return nil }
    var shape = unsafe plan.nativeShape
    var native = unsafe isotach_planar_gradient()
    guard unsafe isotach_planar_gradient_plan(&shape, &native) == 1 else { return nil }
    self.native = unsafe native
  }

  func workspace() -> Int {
    var native = unsafe native
    return Int(unsafe isotach_planar_gradient_shared(&native)) * MemoryLayout<Float>.stride
  }

  func run(_ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext) {
    let job = unsafe SendableBox(native)
    for phase in 0..<Int64(2) {
      var native = unsafe job.value
      run.parallel(Int(unsafe isotach_planar_gradient_pieces(&native, phase))) { piece in
        guard let base = unsafe run.workspace.baseAddress else { return }
        var native = unsafe job.value
        unsafe isotach_planar_gradient_run(
          &native, phase, Int64(piece), x.pointer, y.pointer, w.pointer,
          base.assumingMemoryBound(to: Float.self))
      }
    }
  }
}
