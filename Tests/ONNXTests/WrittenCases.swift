import Basics
import Compute
import Networks
import Tensors

/// Networks that are written as ONNX, with the shape of their input [channels, space...] and which extents may be any.
struct WrittenCase: Sendable, CustomStringConvertible {
  let title: String
  let json: String
  let input: [Int]
  let domain: DomainPadding
  /// The names of the input's extents that are no numbers.
  let open: Set<String>
  var description: String { title }

  init(
    _ json: String, _ input: [Int], domain: DomainPadding = .init(),
    open: Set<String> = ["N", "height", "width"]
  ) {
    (title, self.json, self.input) = (json, json, input)
    (self.domain, self.open) = (domain, open)
  }

  var spec: NetworkSpec { get throws { try NetworkSpec(ConfigValue(json: try JSONValue.parse(json))) } }
  var shape: Shape { get throws { try Shape([1] + input) } }

  /// Every number different from what it is at the start, variances above 0.
  func parameters() throws -> Parameters {
    let network = try spec.network(input: shape, .inference, domain: domain)
    let parameters = try network.initialParameters(seed: 1)
    for (index, entry) in parameters.layout.entries.enumerated()
    where entry.name.contains("norm") || entry.shape.rank == 1 {
      let numbers = parameters[entry]
      var stream = RandomStream(seed: 5, stream: UInt64(index))
      for position in 0..<numbers.count {
        let number = Float(stream.nextDouble())
        numbers[position] = entry.name.hasSuffix("running_var") ? 0.5 + number : number - 0.4
      }
    }
    return parameters
  }

  func model() throws -> TrainedModel {
    let network = try spec.network(input: shape, .inference, domain: domain)
    let outputs = network.outputShape.extents[1]
    func channels(_ count: Int, _ name: String) -> [ModelChannel] {
      (0..<count).map { ModelChannel(name: "\(name)\($0)", units: "1") }
    }
    return TrainedModel(
      spec: try spec, loss: MeanSquaredError(), domain: domain, patch: Array(input.dropFirst()),
      inputs: channels(input[0], "x"), outputs: channels(outputs, "y"), parameters: try parameters())
  }

  /// Numbers from -1 to 1.
  static func numbers(_ count: Int, seed: UInt64 = 9) -> [Float] {
    var stream = RandomStream(seed: seed, stream: 0)
    return (0..<count).map { _ in Float(2 * stream.nextDouble() - 1) }
  }

  static let all: [WrittenCase] = layers + models

  private static let layers: [WrittenCase] = [
    .init(#"[{"conv": {"filters": 3, "kernel": 3}}]"#, [2, 6, 7]),
    .init(
      #"[{"conv": {"filters": 4, "kernel": [5, 3], "stride": 2, "dilation": [1, 2], "groups": 2}}]"#,
      [2, 12, 14]),
    .init(#"[{"conv": {"filters": 3, "kernel": 3, "padding": "full"}}, "relu"]"#, [2, 6, 7]),
    .init(
      #"[{"conv": {"filters": 3, "kernel": 5}}, {"conv": {"filters": 1, "kernel": 4}}]"#, [2, 8, 9],
      domain: .init(rows: .replicate, columns: .periodic)),
    .init(
      #"[{"conv": {"filters": 3, "kernel": 5}}]"#, [2, 8, 9], domain: .init(rows: .reflect, columns: .reflect)
    ),
    .init(
      #"[{"conv": {"filters": 3, "kernel": 3}}]"#, [2, 8, 9], domain: .init(rows: .zero, columns: .periodic)),
    .init(#"[{"conv": {"filters": 3, "kernel": 3}}]"#, [2, 9], open: ["N", "width"]),
    .init(
      #"[{"conv": {"filters": 3, "kernel": 3}}]"#, [2, 4, 5, 6], open: ["N", "depth", "height", "width"]),
    .init(#"[{"depthwise-conv": {"multiplier": 2}}, {"separable-conv": {"filters": 3}}]"#, [2, 6, 7]),
    .init(#"[{"partial-conv": {"connections": [[0, 1], [1, 2], [0, 2]], "padding": "same"}}]"#, [3, 6, 7]),
    .init(#"[{"conv-transpose": {"filters": 3, "kernel": 2, "stride": 2}}]"#, [2, 5, 6]),
    .init(
      #"[{"conv-transpose": {"filters": 4, "kernel": 3, "stride": 2, "output-padding": 1, "groups": 2}}]"#,
      [2, 5, 6]),
    .init(#"[{"conv-transpose": {"filters": 2, "kernel": 9, "stride": 3}}]"#, [2, 5, 6]),
    .init(#"["batch-norm", {"channel-scale": {}}]"#, [3, 5, 6]),
    .init(#"[{"group-norm": {"groups": 2}}]"#, [4, 5, 6]),
    .init(#"[{"group-norm": {"groups": 2, "affine": false}}]"#, [4, 5, 6]),
    .init(#"[{"instance-norm": {"affine": true}}]"#, [3, 5, 6]),
    .init(#"["instance-norm"]"#, [3, 5, 6]),
    .init(#"["layer-norm"]"#, [3, 5, 6], open: ["N"]),
    .init(#"[{"layer-norm": {"affine": false}}]"#, [3, 5, 6], open: ["N"]),
    .init(#"[{"lrn": {"size": 5, "alpha": 0.3}}]"#, [8, 4, 5]),
    .init(#"[{"lrn": {"size": 4, "alpha": 0.3}}]"#, [8, 4, 5]),
    .init(#"[{"max-pool": {"kernel": 3, "stride": 2, "padding": 1}}]"#, [2, 8, 10]),
    .init(#"[{"average-pool": {"kernel": 3, "stride": 2, "padding": 1}}]"#, [2, 8, 10]),
    .init(#"[{"average-pool": {"kernel": 2, "count-padding": false}}]"#, [2, 8, 10]),
    .init(#"[{"lp-pool": {"kernel": 2, "p": 3}}]"#, [2, 8, 10]),
    .init(#"[{"lp-pool": {"kernel": 2, "p": 2, "normalised": false}}]"#, [2, 8, 10]),
    .init(#"["global-average-pool", "flatten", {"dense": {"units": 3}}]"#, [4, 5, 6]),
    .init(#"["global-max-pool", "flatten", {"dense": {"units": 3, "bias": false}}, "softmax"]"#, [4, 5, 6]),
    .init(#"["flatten", {"dense": {"units": 3}}, "log-softmax"]"#, [2, 3, 4], open: ["N"]),
    .init(#"["relu", {"leaky-relu": {"slope": 0.2}}, "elu", "selu"]"#, [2, 3, 4]),
    .init(#"["gelu", {"gelu": {"form": "tanh"}}, "swish", {"swish": {"beta": 1.7}}]"#, [2, 3, 4]),
    .init(#"["sigmoid", "tanh", "softplus", "prelu"]"#, [2, 3, 4]),
    .init(#"[{"prelu": {"shared": true}}, "softmax", "log-softmax"]"#, [2, 3, 4]),
    .init(#"[{"pixel-shuffle": {"factor": 2}}]"#, [8, 3, 4]),
    .init(#"[{"resize": {"scale": 2, "method": "nearest"}}]"#, [2, 4, 5]),
    .init(#"[{"resize": {"scale": 2, "method": "bilinear"}}]"#, [2, 4, 5]),
    .init(#"[{"resize": {"scale": 3, "method": "bicubic"}}]"#, [2, 4, 5]),
    .init(#"[{"resize": {"scale": 2, "align-corners": true}}]"#, [2, 4, 5]),
    .init(#"[{"resize": {"size": [9, 7]}}]"#, [2, 4, 5]),
    .init(
      #"[{"resize": {"scale": 2, "method": "bicubic"}}]"#, [2, 6, 8],
      domain: .init(rows: .zero, columns: .periodic)),
    .init(#"[{"pad": {"cells": [1, 2]}}, {"crop": {"cells": 1}}]"#, [2, 6, 7]),
    .init(
      #"[{"skip": {"layers": [{"conv": {"filters": 2, "padding": "valid"}}], "fit": "crop"}}]"#, [2, 8, 9]),
    .init(#"[{"residual": {"layers": [{"conv": {"filters": 2}}, "relu"], "scale": 0.5}}]"#, [2, 6, 7]),
    .init(
      #"[{"parallel": {"branches": [[{"conv": {"filters": 2}}], ["max-pool", "resize"]]}}]"#, [2, 8, 10]),
    .init(#"[{"conv": {"filters": 2}}, {"dropout": {}}, {"spatial-dropout": {}}]"#, [2, 6, 7]),
    .init(#"[{"clip": {"low": -0.5}}, {"clip": {"high": 0.5}}]"#, [2, 6, 7]),
    .init(#"[{"locally-connected": {"filters": 3, "kernel": 3}}]"#, [2, 6, 7], open: ["N"]),
    .init(#"{"constrain": {"layers": [{"conv": 2}], "factor": [2, 3]}}"#, [2, 6, 9]),
    .init(
      #"{"constrain": {"layers": [{"conv": 4}, "pixel-shuffle"], "method": "softmax"}}"#, [1, 5, 4]),
    .init(
      #"{"constrain": {"layers": [{"conv": 1}, "softplus"], "method": "multiplicative", "factor": 4}}"#,
      [2, 8, 12]),
    .init(#"[{"squeeze-excitation": 2}]"#, [4, 6, 7]),
    .init(#"[{"inverted-residual": 4}]"#, [4, 6, 8]),
    .init(#"[{"aspp": {"filters": 3, "rates": [1, 2]}}]"#, [2, 6, 7], open: ["N"]),
    .init(#"[{"aspp": {"filters": 3, "rates": [1, 2], "mean": false}}]"#, [2, 6, 7]),
  ]

  private static let models: [WrittenCase] = [
    .init(#"{"unet": {"base": 4, "depth": 2}}"#, [3, 16, 24]),
    .init(#"{"unet": {"base": 4, "depth": 2, "batch-norm": true, "up": "bilinear"}}"#, [3, 16, 24]),
    .init(
      #"{"unet": {"base": 4, "depth": 2, "outputs": 2}}"#, [3, 16, 24],
      domain: .init(rows: .replicate, columns: .periodic)),
    .init(#"{"unet": {"base": 4, "depth": 2, "padding": "valid"}}"#, [1, 44, 44]),
    .init(#"{"unet-plus-plus": {"base": 4, "depth": 2, "supervise": 0.5}}"#, [2, 8, 12]),
    .init(#"{"sha-unet": {"widths": [4, 6, 8], "second-output": 0.5}}"#, [2, 16, 16]),
    .init(#"{"plain-cnn": {}}"#, [2, 8, 8]),
    .init(#"{"residual-cnn": {}}"#, [2, 8, 8]),
    .init(#"{"srcnn": {"upscale": 2}}"#, [1, 8, 9]),
    .init(#"{"fsrcnn": {"scale": 3}}"#, [1, 6, 7]),
    .init(#"{"deepsd": {"stages": 1}}"#, [2, 8, 8]),
    .init(#"{"edsr": {"width": 4, "depth": 2, "scale": 3, "residual": [0]}}"#, [2, 6, 7]),
    .init(
      #"{"edsr": {"width": 4, "depth": 1, "scale": 4, "up": "resize-convolution", "auxiliary": 1}}"#,
      [2, 8, 12]),
    .init(#"{"srdensenet": {"growth": 2, "layers": 2, "blocks": 2, "width": 4}}"#, [1, 6, 7]),
    .init(
      #"{"deepesd": {"scale": 2, "head": "bernoulli-gamma", "filters": [4, 2]}}"#, [3, 5, 4], open: ["N"]),
    .init(#"{"cgnet": {"m": 2, "n": 2}}"#, [4, 16, 24]),
    .init(#"{"mobilenet-v2": {"classes": 3, "width": 0.25}}"#, [3, 64, 64]),
    .init(#"{"lenet5": {}}"#, [1, 32, 32], open: ["N"]),
    .init(#"{"liu-detector": {}}"#, [8, 32, 32], open: ["N"]),
  ]
}
