import Basics
import Compute
import Tensors

/// Dense blocks on the coarse grid, whose outputs are all kept, then a bottleneck and the enlargement (Tong et al. 2017,
/// SRDenseNet_All). Parameters `stem.*`, `blocks.B.L.*`, `bottleneck.*`, `up.K.*`, `mix.*`, `head.*`.
public struct SRDenseNet: Model {
  public static let declaration = Declaration(
    name: "srdensenet", summary: "dense blocks on the coarse grid, then up-sampling (Tong et al. 2017)",
    discussion: "With `auxiliary` the input is on the fine grid, so that relief can be used.",
    keys: Enlargement.declared(scale: 4, up: .transposed) + [
      Key("growth", .integer, default: "16", "channels that each convolution adds"),
      Key("layers", .integer, default: "8", "convolutions of a block"),
      Key("blocks", .integer, default: "8", "dense blocks"),
      Key("width", .integer, default: "256", "channels of the bottleneck and behind it"),
      Stack.activationKey,
    ])
  public static let published = [
    Published(
      input: [1, 25, 25], parameters: 2_659_585,
      source: "Tong et al. 2017: SRDenseNet_All, 4 times finer, counted from its layers")
  ]
  public let enlargement: Enlargement
  public let growth: Int
  public let layers: Int
  public let blocks: Int
  public let width: Int
  public let activation: any Layer

  public init(
    _ enlargement: Enlargement = Enlargement(scale: 4, up: .transposed), growth: Int = 16, layers: Int = 8,
    blocks: Int = 8, width: Int = 256, activation: any Layer = ReLU()
  ) {
    (self.enlargement, self.growth, self.layers) = (enlargement, growth, layers)
    (self.blocks, self.width, self.activation) = (blocks, width, activation)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try Enlargement(arguments, scale: 4, up: .transposed),
      growth: try arguments.whole("growth", to: 1 << 10) ?? 16,
      layers: try arguments.whole("layers", to: 100) ?? 8,
      blocks: try arguments.whole("blocks", to: 100) ?? 8,
      width: try arguments.whole("width", to: 1 << 16) ?? 256,
      activation: Stack.activation(arguments, decoding)
    )
  }
  public var keys: [(String, ConfigValue)] {
    var keys = enlargement.keys(scale: 4, up: .transposed)
    keys.add("growth", growth, unless: 16) { .integer($0) }
    keys.add("layers", layers, unless: 8) { .integer($0) }
    keys.add("blocks", blocks, unless: 8) { .integer($0) }
    keys.add("width", width, unless: 256) { .integer($0) }
    keys.add("activation", Stack.configuration(of: activation))
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    func step(_ filters: Int, _ kernel: Sizes) -> [any Layer] {
      [Conv(filters, kernel: kernel), activation]
    }
    let coarse = try enlargement.coarse(input, in: &network)
    var all = [try network.apply("stem", coarse) { step(growth * layers, 3) }]
    for block in 0..<blocks {
      // The first convolution sees all that there is, the others what the block has made.
      var seen = try network.concatenated(all, .error, "the blocks")
      var made: [Value] = []
      for layer in 0..<layers {
        let next = try network.apply("blocks.\(block).\(layer)", seen) { step(growth, 3) }
        made.append(next)
        seen = try network.concatenated(made, .error, "the block")
      }
      all.append(seen)
    }
    let joined = try network.concatenated(all, .error, "the blocks")
    let features = try network.apply("bottleneck", joined) { step(width, 1) }
    let fine = try enlargement.enlarged(
      features, input, width: width, kernel: 3, activation: activation, in: &network)
    return try enlargement.output(fine, input, kernel: 3, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? { enlargement.declaredShape(input) }
}
