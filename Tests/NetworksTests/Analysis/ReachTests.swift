import Basics
import Compute
import Networks
import Tensors
import Testing

/// The part of the input that an output depends on, against brute force: one pixel of the input is changed, and the
/// outputs that change are looked at.
@Suite struct ReachTests {
  struct Net: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let spec: NetworkSpec
    let extent: Int
    init(_ name: String, _ extent: Int, @LayerBuilder _ layers: () -> [any Layer]) {
      (testDescription, self.extent, spec) = (name, extent, NetworkSpec(layers))
    }
  }

  static let nets: [Net] = [
    Net("dilations 1, 2, 4", 24) {
      for dilation in [1, 2, 4] { Conv(1, kernel: 3, dilation: Sizes(dilation)) }
    },
    Net("strides", 24) {
      Conv(2, kernel: 5, stride: 2)
      Conv(1, kernel: 3, stride: 3, padding: 1)
    },
    Net("even kernels, one side", 16) {
      Conv(1, kernel: 4, padding: [0, 2])
      Conv(1, kernel: 2, padding: .full)
    },
    Net("pools", 24) {
      AveragePool(3, stride: 2, padding: 1)
      LpPool(2)
    },
    Net("transposed 3 by 2", 12) { ConvTranspose(1, kernel: 3, stride: 2) },
    Net("transposed 4 by 2", 12) {
      Conv(1, kernel: 3)
      ConvTranspose(1, kernel: 4, stride: 2, padding: 1)
      Conv(1, kernel: 3)
    },
    Net("transposed with gaps", 9) { ConvTranspose(1, kernel: 2, stride: 3, padding: .valid) },
    Net("bilinear", 12) { Resize(scale: 2, .bilinear) },
    Net("bilinear by 3", 9) { Resize(scale: 3, .bilinear) },
    Net("bicubic", 12) { Resize(scale: 2, .bicubic) },
    Net("nearest and back", 12) {
      Resize(scale: 2, .nearest)
      Conv(1, kernel: 3)
      AveragePool(2)
    },
    Net("crop", 16) {
      Crop([2, 1])
      Conv(1, kernel: 3, padding: .valid)
    },
    Net("pad", 16) {
      Pad([1, 3], mode: .zero)
      Conv(1, kernel: 3)
    },
    Net("skip", 16) {
      Skip {
        AveragePool(2)
        Conv(2, kernel: 3)
        ConvTranspose(1, kernel: 2, stride: 2)
      }
      Conv(1, kernel: 3)
    },
    Net("residual and branches", 16) {
      Residual { Conv(1, kernel: 3) }
      Parallel {
        Block { Conv(1, kernel: 5) }
        Block { Conv(1, kernel: 1) }
      }
      Conv(1, kernel: 1)
    },
    Net("unet, transposed", 24) {
      UNet(base: 1, depth: 2, down: .averagePool, convolutions: 1, activation: Softplus())
    },
    Net("unet, bilinear", 24) {
      UNet(base: 1, depth: 2, up: .bilinear, down: .averagePool, convolutions: 1, activation: Softplus())
    },
    Net("unet, strided, nearest", 24) {
      UNet(base: 1, depth: 2, up: .nearest, down: .convolution, convolutions: 1, activation: Softplus())
    },
  ]

  /// In one dimension, with weights above 0 so that nothing cancels, the reach is exactly what is seen.
  @Test(arguments: nets) func againstBruteForce(_ net: Net) throws {
    let network = try net.spec.network(input: try Shape([1, 1, net.extent]), .inference)
    let reach = Reach(network.graph, from: network.input, to: network.output)
    let outputs = network.outputShape.extents[2]
    var given: [String: [Double]] = [:]
    for parameter in network.parameters {
      given[parameter.name] = (0..<parameter.shape.count).map { 0.5 + 0.01 * Double($0 % 7) }
    }
    let interpreter = Interpreter<Double>(network.graph)
    let base = (0..<net.extent).map { 1 + 0.1 * Double($0 % 5) }
    given["input"] = base
    let plain = try interpreter.run([network.output], given)[0]
    var seen = [Set<Int>](repeating: [], count: outputs)
    for pixel in 0..<net.extent {
      var changed = base
      changed[pixel] += 1
      given["input"] = changed
      let result = try interpreter.run([network.output], given)[0]
      for index in 0..<outputs where result[index] != plain[index] { seen[index].insert(pixel) }
    }
    for index in 0..<outputs {
      let range = try #require(reach.inputRange(of: index..<index + 1, dimension: 1))
      let inside = range.clamped(to: 0..<net.extent)
      if let first = seen[index].min(), let last = seen[index].max() {
        #expect(inside == first..<last + 1, "output \(index)")
      } else {
        #expect(inside.isEmpty, "output \(index)")
      }
    }
    let tiling = try #require(reach.tiling(dimension: 1))
    #expect(tiling.receptiveField >= (seen.map { ($0.max() ?? 0) - ($0.min() ?? 1) + 1 }.max() ?? 0))
    let whole = try #require(reach.inputRange(of: 0..<outputs, dimension: 1))
    let parts = try (0..<outputs).map { try #require(reach.inputRange(of: $0..<$0 + 1, dimension: 1)) }
      .filter { !$0.isEmpty }
    #expect(whole.lowerBound == parts.map(\.lowerBound).min())
    #expect(whole.upperBound == parts.map(\.upperBound).max())
  }

  @Test func fieldsOfDilatedConvolutions() throws {
    for (count, field) in [(1, 3), (2, 7), (3, 15)] {
      let spec = NetworkSpec { for power in 0..<count { Conv(1, kernel: 3, dilation: Sizes(1 << power)) } }
      let network = try spec.network(input: try Shape([1, 1, 32, 32]), .inference)
      let reach = Reach(network.graph, from: network.input, to: network.output)
      for dimension in [1, 2] {
        let tiling = try #require(reach.tiling(dimension: dimension))
        #expect(tiling.receptiveField == field)
        #expect(tiling.before == field / 2 && tiling.after == field / 2 && tiling.stride == 1)
      }
    }
  }

  @Test func stridesAndScales() throws {
    func tiling(_ spec: NetworkSpec) throws -> Tiling {
      let network = try spec.network(input: try Shape([1, 1, 32, 64]), .inference)
      return try #require(Reach(network.graph, from: network.input, to: network.output).tiling(dimension: 2))
    }
    #expect(try tiling(NetworkSpec(UNet(base: 2, depth: 3))).stride == 8)
    #expect(try tiling(NetworkSpec(UNet(base: 2, depth: 3))).scale == .one)
    #expect(try tiling(NetworkSpec(FSRCNN(scale: 3))).scale == Ratio(3, 1))
    #expect(try tiling(NetworkSpec(FSRCNN(scale: 3))).stride == 1)
    #expect(try tiling(NetworkSpec { AveragePool(4) }).scale == Ratio(1, 4))
    #expect(try tiling(NetworkSpec { AveragePool(4) }).receptiveField == 4)
  }

  @Test func whatSeesTheWholeField() throws {
    for layers: [any Layer] in [
      [GlobalAveragePool()], [InstanceNorm()], [Flatten(), Dense(2)], [LayerNorm()],
    ] {
      let network = try NetworkSpec { layers }.network(input: try Shape([1, 2, 8, 8]), .inference)
      let reach = Reach(network.graph, from: network.input, to: network.output)
      #expect(reach.inputRange(of: 0..<1, dimension: 1) == nil)
      #expect(reach.tiling(dimension: 1) == nil)
    }
    // Batch normalisation does in training only.
    let spec = NetworkSpec { BatchNorm() }
    for (mode, isLocal) in [(NetworkBuilder.Mode.training, false), (.inference, true)] {
      let network = try spec.network(input: try Shape([1, 2, 8, 8]), mode)
      let reach = Reach(network.graph, from: network.input, to: network.output)
      #expect((reach.tiling(dimension: 1) != nil) == isLocal)
    }
  }
}
