import Tensors

extension StepContext {
  /// The random numbers of one node in this step: `kind` tells operators from each other and from all other draws.
  func random(_ kind: UInt16, _ stream: UInt32) -> RandomStream {
    RandomStream(
      seed: seed &+ step &* 0x9E37_79B9_7F4A_7C15,
      stream: UInt64(kind) << 48 | UInt64(stream))
  }
}
