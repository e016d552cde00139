import Compute
import Tensors

extension Operand<Float> {
  /// Independent normal numbers.
  func fillNormal(mean: Double = 0, deviation: Double, _ stream: inout RandomStream) {
    for index in 0..<count { self[index] = Float(mean + deviation * stream.nextNormal()) }
  }

  /// Independent numbers, all between the limits equally likely.
  func fillUniform(_ low: Double, _ high: Double, _ stream: inout RandomStream) {
    for index in 0..<count { self[index] = Float(low + (high - low) * stream.nextDouble()) }
  }

  /// Mean 0 and a given variance, normal or uniform.
  func fill(variance: Double, isUniform: Bool, _ stream: inout RandomStream) {
    if isUniform {
      let limit = (3 * variance).squareRoot()
      fillUniform(-limit, limit, &stream)
    } else {
      fillNormal(deviation: variance.squareRoot(), &stream)
    }
  }
}
