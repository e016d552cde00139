import Tensors

/// Group normalisation (Wu and He 2018): each sample's channels in `groups`, each brought to mean 0 and variance 1
/// over its channels and space, then scale and bias by channel.
///
/// Inputs: x [batch, channels, space...], scale, bias [channels]. Output: as x. Variance over n, as in PyTorch.
public struct GroupNormalization: RowNormalizing {
  public static let name = "GroupNormalization"
  public let groups: Int
  public let epsilon: Double

  public init(groups: Int, epsilon: Double = 1e-5) { (self.groups, self.epsilon) = (groups, epsilon) }
  public var detail: String { "groups \(groups), epsilon \(epsilon)" }

  func rows(_ x: Shape) throws(OperatorError) -> RowNormalization {
    guard x.rank >= 2 else { throw OperatorError("needs batch and channels, found \(x)") }
    guard groups > 0, x.extents[1] % groups == 0, x.extents[1] > 0 else {
      throw OperatorError("\(x.extents[1]) channels cannot be divided into \(groups) groups")
    }
    let layout = ChannelLayout(x)
    let width = layout.channels / groups
    return RowNormalization(
      rows: layout.batch * groups, length: width * layout.plane, period: groups, width: width,
      run: layout.plane, epsilon: epsilon)
  }

  func scaleShape(_ x: Shape) throws(OperatorError) -> Shape {
    do { return try Shape([x.extents[1]]) } catch { throw OperatorError(error) }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    (try? rows(inputs[0].shape))?.reference(inputs, outputs[0])
  }
}

extension GroupNormalization {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension == 0 ? output : nil
  }
}
