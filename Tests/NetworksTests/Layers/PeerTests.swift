import Basics
import Compute
import Foundation
import Networks
import Tensors
import Testing

/// Layers and a small UNet with PyTorch's numbers: `peers/layers.py`.
@Suite struct PeerTests {
  struct Golden: Decodable {
    let input: [Int]
    let shape: [Int]
    let every: Int
    let output: [Double]
  }

  static let layers: [String: any Layer] = [
    "unet transpose": UNet(base: 2, depth: 2, batchNorm: true),
    "unet bilinear": UNet(base: 2, depth: 2, batchNorm: true, up: .bilinear),
    "unet nearest": UNet(base: 2, depth: 2, batchNorm: true, up: .nearest),
    "conv grouped": Conv(6, kernel: 3, stride: 2, padding: 1, groups: 2),
    "conv even": Conv(3, kernel: 4),
    "conv periodic columns": Conv(3, kernel: 5, paddingMode: .each([.zero, .periodic])),
    "conv reflect": Conv(3, kernel: 3, paddingMode: .reflect),
    "conv replicate": Conv(3, kernel: 3, dilation: 2, paddingMode: .replicate),
    "transposed 3 by 2": ConvTranspose(3, kernel: 3, stride: 2),
    "transposed as pytorch": ConvTranspose(3, kernel: 3, stride: 2, padding: 1, outputPadding: 1),
    "bicubic": Resize(scale: 2, .bicubic),
    "pixel shuffle": PixelShuffle(2),
    "group norm": GroupNorm(2),
    "layer norm": LayerNorm(),
    "instance norm": InstanceNorm(),
    "lrn": LocalResponseNorm(size: 3, alpha: 0.5, beta: 0.75, k: 2),
    "prelu": PReLU(),
    "dense": Block {
      Flatten()
      Dense(3)
    },
    "average pool": AveragePool(3, stride: 2, padding: 1),
    "softmax": Softmax(),
    "clip": Limits(low: -0.25, high: 0.5),
    "locally connected": LocallyConnected(3, kernel: 3),
    "locally connected strided": LocallyConnected(2, kernel: 2, stride: 2, padding: .valid, bias: false),
    "constrained additive": Constrain(.additive, factor: 4, channels: [1], scale: 3, offset: -0.5) {
      Conv(2)
    },
    "constrained multiplicative": Constrain(.multiplicative, factor: [2, 3], offset: 2) {
      Conv(1)
      Softplus()
    },
    "constrained softmax": Constrain(.softmax, channels: [0, 2]) {
      Conv(12)
      PixelShuffle(2)
    },
    "squeeze excitation": SqueezeExcitation(reduction: 2),
    "inverted residual": InvertedResidual(4, expansion: 3),
    "inverted residual strided": InvertedResidual(5, stride: 2, expansion: 2),
    "spatial pyramid": SpatialPyramid(3, rates: [1, 3]),
    "edsr": EDSR(Enlargement(scale: 4, residual: [1]), width: 4, depth: 2),
    "edsr with relief": EDSR(
      Enlargement(scale: 2, outputs: 2, up: .resizeConvolution, auxiliary: 1, residual: [0, 2]), width: 4,
      depth: 1),
    "srdensenet": SRDenseNet(
      Enlargement(scale: 2, up: .transposed), growth: 2, layers: 2, blocks: 2, width: 4),
    "deepesd gaussian": DeepESD(scale: 2, head: .gaussian, filters: [3, 2]),
    "deepesd rain": DeepESD(scale: 2, head: .bernoulliGamma, filters: [3, 2]),
    "cgnet": CGNet(classes: 2, m: 2, n: 2),
  ]

  /// The numbers of a parameter, as in the script.
  static func numbers(_ name: String, _ count: Int) -> [Double] {
    let seed = Double(name.utf8.reduce(0) { $0 + Int($1) })
    let values = (0..<count).map { 0.3 * sin(0.7 * Double($0) + seed) }
    return name.hasSuffix("running_var") ? values.map { 1 + $0 * $0 } : values
  }

  @Test(arguments: layers.keys.sorted()) func asInPyTorch(_ name: String) throws {
    let all = try golden([String: Golden].self, "layers.json")
    let expected = try #require(all[name])
    let layer = try #require(Self.layers[name])
    let network = try NetworkSpec(layer).network(input: try Shape(expected.input), .inference)
    #expect(network.outputShape.extents == expected.shape)
    var given: [String: [Double]] = [:]
    for parameter in network.parameters {
      given[parameter.name] = Self.numbers(parameter.name, parameter.shape.count)
    }
    given["input"] = (0..<network.inputShape.count).map { sin(0.31 * Double($0)) }
    let output = try Interpreter<Double>(network.graph).run([network.output], given)[0]
    let some = stride(from: 0, to: output.count, by: expected.every).map { output[$0] }
    expectClose(some, expected.output, rtol: 1e-9, atol: 1e-11, name)
  }

  @Test func everyGoldenNumberIsUsed() throws {
    #expect(Set(try golden([String: Golden].self, "layers.json").keys) == Set(Self.layers.keys))
  }

  /// On a domain that is joined at its columns a shift of the input shifts the output, and nothing else.
  @Test(arguments: [UNet.Up.transpose, .bilinear, .nearest]) func periodicColumns(_ up: UNet.Up) throws {
    let (rows, columns) = (8, 16)
    let layers: [any Layer] = [
      UNet(base: 2, depth: 2, up: up, activation: Tanh()), ConvTranspose(1, kernel: 3),
    ]
    let network = try NetworkSpec { layers }.network(
      input: try Shape([1, 1, rows, columns]), .inference,
      domain: DomainPadding(rows: .replicate, columns: .periodic))
    var given: [String: [Double]] = [:]
    for parameter in network.parameters {
      given[parameter.name] = Self.numbers(parameter.name, parameter.shape.count)
    }
    let field = (0..<rows * columns).map { sin(0.31 * Double($0 * $0 % 101)) }
    func turned(_ values: [Double], _ width: Int, _ by: Int) -> [Double] {
      values.indices.map { values[$0 / width * width + ($0 % width + by) % width] }
    }
    let interpreter = Interpreter<Double>(network.graph)
    given["input"] = field
    let plain = try interpreter.run([network.output], given)[0]
    given["input"] = turned(field, columns, 4)
    let shifted = try interpreter.run([network.output], given)[0]
    expectClose(shifted, turned(plain, 2 * columns, 8), rtol: 1e-12, atol: 1e-12, "\(up)")
  }
}
