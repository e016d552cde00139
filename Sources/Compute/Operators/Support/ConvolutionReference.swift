/// The plain loops of a convolution and its two adjoints, with sums in double.
extension ConvolutionPlan {
  /// Calls `body(y, x, w)` with the elements of every product of the convolution, outputs outermost.
  @inline(__always)
  private func forEachProduct(_ body: (_ y: Int, _ x: Int, _ w: Int) -> Void) {
    let w = window
    let (input, kernel, output) = (w.inputCount, w.kernelCount, w.outputCount)
    // Numbers of their own: reading arrays costs most of the time where nothing is optimised.
    let (height, width) = (w.input[1], w.input[2])
    let (kernelHeight, kernelWidth) = (w.kernel[1], w.kernel[2])
    let (step, dilation) = (w.stride[2], w.dilation[2])
    for image in 0..<batch * groups {
      for filter in 0..<filters {
        for position in 0..<output {
          let z = position / (w.output[1] * w.output[2])
          let y = position / w.output[2] % w.output[1]
          let x = position % w.output[2]
          let target = (image * filters + filter) * output + position
          for channel in 0..<channels {
            let source = (image * channels + channel) * input
            let weights = ((image % groups * filters + filter) * channels + channel) * kernel
            for a in 0..<w.kernel[0] {
              let u = z * w.stride[0] - w.before[0] + a * w.dilation[0]
              guard u >= 0, u < w.input[0] else { continue }
              for b in 0..<kernelHeight {
                let v = y * w.stride[1] - w.before[1] + b * w.dilation[1]
                guard v >= 0, v < height else { continue }
                let line = source + (u * height + v) * width
                let row = weights + (a * kernelHeight + b) * kernelWidth
                var t = x * step - w.before[2]
                var c = 0
                while c < kernelWidth {
                  if t >= 0, t < width { body(target, line + t, row + c) }
                  t += dilation
                  c += 1
                }
              }
            }
          }
        }
      }
    }
  }

  private func store<T: Real>(_ sums: [Double], _ target: Operand<T>) {
    for index in 0..<target.count { target[index] = T(sums[index]) }
  }

  func referenceForward<T: Real>(_ x: Operand<T>, _ w: Operand<T>, bias: Operand<T>?, _ y: Operand<T>) {
    var sums = [Double](repeating: 0, count: y.count)
    forEachProduct { sums[$0] += Double(x[$1]) * Double(w[$2]) }
    if let bias {
      for index in sums.indices { sums[index] += Double(bias[index / window.outputCount % bias.count]) }
    }
    store(sums, y)
  }

  /// The adjoint with respect to x; also a transposed convolution, whose channels are then the filters here.
  func referenceInputGradient<T: Real>(
    _ y: Operand<T>, _ w: Operand<T>, bias: Operand<T>?, _ x: Operand<T>
  ) {
    var sums = [Double](repeating: 0, count: x.count)
    forEachProduct { sums[$1] += Double(y[$0]) * Double(w[$2]) }
    if let bias {
      for index in sums.indices { sums[index] += Double(bias[index / window.inputCount % bias.count]) }
    }
    store(sums, x)
  }

  func referenceWeightGradient<T: Real>(_ x: Operand<T>, _ y: Operand<T>, _ w: Operand<T>) {
    var sums = [Double](repeating: 0, count: w.count)
    forEachProduct { sums[$2] += Double(y[$0]) * Double(x[$1]) }
    store(sums, w)
  }
}
