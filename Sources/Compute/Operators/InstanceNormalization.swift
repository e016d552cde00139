import Tensors

/// Instance normalisation (Ulyanov et al. 2016): each channel of each sample brought to mean 0 and variance 1 over
/// space, then scale and bias by channel.
///
/// Inputs: x [batch, channels, space...], scale, bias [channels]. Output: as x. Variance over n, as in PyTorch.
public struct InstanceNormalization: RowNormalizing {
  public static let name = "InstanceNormalization"
  public let epsilon: Double

  public init(epsilon: Double = 1e-5) { self.epsilon = epsilon }
  public var detail: String { "epsilon \(epsilon)" }

  func rows(_ x: Shape) throws(OperatorError) -> RowNormalization {
    guard x.rank >= 3 else { throw OperatorError("needs batch, channels and space, found \(x)") }
    let layout = ChannelLayout(x)
    // One number has no variance: all outputs would be the bias.
    guard layout.plane != 1 else {
      throw OperatorError("one number for each channel (\(x)) cannot be normalised")
    }
    return RowNormalization(
      rows: layout.planes, length: layout.plane, period: max(1, layout.channels), width: 1, run: layout.plane,
      epsilon: epsilon)
  }

  func scaleShape(_ x: Shape) throws(OperatorError) -> Shape {
    do { return try Shape([x.extents[1]]) } catch { throw OperatorError(error) }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    (try? rows(inputs[0].shape))?.reference(inputs, outputs[0])
  }
}

extension InstanceNormalization {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension < 2 ? output : nil
  }
}
