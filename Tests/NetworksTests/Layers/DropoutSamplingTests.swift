import Compute
import Networks
import Tensors
import Testing

/// Inference in which dropout stays at work.
@Suite struct DropoutSamplingTests {
  @Test func samplingKeepsDropout() throws {
    let spec = NetworkSpec {
      Conv(4)
      SpatialDropout(0.5)
      BatchNorm()
      Conv(1)
    }
    let shape = try Shape([1, 2, 8, 8])
    func names(_ mode: NetworkBuilder.Mode) throws -> [String] {
      let network = try spec.network(input: shape, mode)
      return network.graph.nodes.map { type(of: $0.op).name }
    }
    #expect(try !names(.inference).contains("Dropout"))
    #expect(try names(.sampling).contains("Dropout"))
    #expect(try !names(.sampling).contains("BatchNormalizationTraining"))
  }
}
