import Compute
import Tensors

/// The numbers of one training step: input, target and the weights of the target's cells (0 where it is missing).
@safe public final class Batch: @unchecked Sendable {
  private let inputTensor: Tensor
  private let targetTensor: Tensor
  private let weightTensor: Tensor
  public let count: Int

  /// - Parameters:
  ///   - input: [batch, channels, ...].
  ///   - target: [batch, channels, ...].
  /// - Throws: `ShapeError` when there is no memory for it.
  public init(input: Shape, target: Shape) throws(ShapeError) {
    inputTensor = try Tensor(repeating: 0, input)
    targetTensor = try Tensor(repeating: 0, target)
    weightTensor = try Tensor(repeating: 1, target)
    count = input.extents.first ?? 1
  }

  public var input: Operand<Float> { unsafe Operand(inputTensor.shape, inputTensor.storage) }
  public var target: Operand<Float> { unsafe Operand(targetTensor.shape, targetTensor.storage) }
  public var weights: Operand<Float> { unsafe Operand(weightTensor.shape, weightTensor.storage) }

  /// One sample of the batch: [channels, ...] of each.
  @safe public struct Slot: @unchecked Sendable {
    public let input: UnsafeMutableBufferPointer<Float>
    public let target: UnsafeMutableBufferPointer<Float>
    public let weights: UnsafeMutableBufferPointer<Float>
  }

  /// - Parameter index: below `count`.
  public func slot(_ index: Int) -> Slot {
    func part(_ tensor: Operand<Float>) -> UnsafeMutableBufferPointer<Float> {
      let each = tensor.count / max(1, count)
      return unsafe UnsafeMutableBufferPointer(rebasing: tensor.values[index * each..<(index + 1) * each])
    }
    return unsafe Slot(input: part(input), target: part(target), weights: part(weights))
  }

  /// The sum of all weights.
  public var totalWeight: Double {
    let weights = weights
    var sum = 0.0
    for i in 0..<weights.count { sum += Double(weights[i]) }
    return sum
  }
}

/// Where training takes its numbers from.
public protocol SampleSource: Sendable {
  /// Samples of an epoch.
  var count: Int { get }
  /// Sets all numbers of a slot: finite, weights 0 where the target or an input is missing. May be called from
  /// another thread than the one that trains.
  func fill(_ slot: Batch.Slot, epoch: Int, index: Int) throws
}
