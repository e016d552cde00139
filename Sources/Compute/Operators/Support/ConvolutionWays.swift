import Tensors

/// Which way computes a convolution: chosen from its shapes, never from timing.
extension ConvolutionPlan {
  func forwardWorkspace(threads: Int) -> Int {
    ConvolutionDirect(self)?.workspace(threads: threads)
      ?? ConvolutionColumns(plan: self).forwardWorkspace(threads: threads)
  }

  func forward(
    _ x: Operand<Float>, _ w: Operand<Float>, bias: Operand<Float>?, _ y: Operand<Float>, _ run: RunContext,
    activation: Activation? = nil
  ) {
    if let direct = ConvolutionDirect(self) {
      direct.run(x, w, bias: bias, y, run, activation: activation)
    } else {
      ConvolutionColumns(plan: self).forward(x, w, bias: bias, y, run, activation: activation)
    }
  }

  func inputGradientWorkspace(threads: Int) -> Int {
    ConvolutionDirect(self, isTurned: true)?.workspace(threads: threads)
      ?? ConvolutionColumns(plan: self).inputGradientWorkspace(threads: threads)
  }

  func inputGradient(
    _ y: Operand<Float>, _ w: Operand<Float>, bias: Operand<Float>?, _ x: Operand<Float>, _ run: RunContext,
    activation: Activation? = nil
  ) {
    if let direct = ConvolutionDirect(self, isTurned: true) {
      direct.run(y, w, bias: bias, x, run, activation: activation)
    } else {
      ConvolutionColumns(plan: self).inputGradient(y, w, bias: bias, x, run, activation: activation)
    }
  }

  func weightGradientWorkspace(threads: Int) -> Int {
    PlanarWeightGradient(self)?.workspace() ?? ConvolutionDirectWeightGradient(self)?.workspace(
      threads: threads)
      ?? ConvolutionColumns(plan: self).weightGradientWorkspace(threads: threads)
  }

  func weightGradient(_ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext) {
    if let planar = PlanarWeightGradient(self) {
      planar.run(x, y, w, run)
    } else if let direct = ConvolutionDirectWeightGradient(self) {
      direct.run(x, y, w, run)
    } else {
      ConvolutionColumns(plan: self).weightGradient(x, y, w, run)
    }
  }
}
