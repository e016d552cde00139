import Basics
import Compute
import Tensors

/// A network with its numbers and all that is needed to apply it to data: which variables go in and come out, in
/// which units and order, how they become the network's numbers, and where all this comes from.
public struct TrainedModel: Sendable {
  /// What is applied.
  public var definition: any NetworkDefinition
  /// How the network was declared, when that is known: what a training can start from. It is not applied.
  public var declaration: NetworkSpec?
  /// What it was trained to make small: says what its outputs mean (`Loss.expectation`).
  public var loss: any Loss
  public var domain: DomainPadding
  /// Rows and columns of the patches that it was trained on.
  public var patch: [Int]
  /// The channels that go in, in their order.
  public var inputs: [ModelChannel]
  /// The channels that it predicts. The network's output has `loss.channelsPerVariable` times as many.
  public var outputs: [ModelChannel]
  /// The field that the network's output is added to, channel by channel; nil when it predicts the values
  /// themselves.
  public var base: [ModelChannel]?
  /// Cells on each side that an output depends on, [rows, columns]; nil when that is not known.
  public var halo: [Int]?
  /// How many times finer the output's cells are than the cells that it was made from; nil when that is not
  /// known.
  public var scaleFactor: Double?
  /// Size of the cells that it was trained on; nil when that is not known.
  public var spacing: CellSpacing?
  /// For classes, what each output channel means.
  public var classes: [String]
  /// How it was made: program, pipeline, seed, steps, digests of what it was trained on. By name.
  public var provenance: [String: String]
  /// How its training went; nil when that is not known.
  public var history: TrainingHistory?
  /// Parameters and statistics by path.
  public var parameters: Parameters

  public init(
    definition: any NetworkDefinition, declaration: NetworkSpec? = nil, loss: any Loss,
    domain: DomainPadding = .init(), patch: [Int], inputs: [ModelChannel], outputs: [ModelChannel],
    base: [ModelChannel]? = nil, halo: [Int]? = nil, scaleFactor: Double? = nil, spacing: CellSpacing? = nil,
    classes: [String] = [], provenance: [String: String] = [:], history: TrainingHistory? = nil,
    parameters: Parameters
  ) {
    (self.definition, self.declaration, self.loss) = (definition, declaration, loss)
    (self.domain, self.patch, self.inputs, self.outputs) = (domain, patch, inputs, outputs)
    (self.base, self.halo, self.scaleFactor, self.spacing) = (base, halo, scaleFactor, spacing)
    (self.classes, self.provenance, self.history) = (classes, provenance, history)
    self.parameters = parameters
  }

  /// A model of a declared network.
  public init(
    spec: NetworkSpec, loss: any Loss, domain: DomainPadding = .init(), patch: [Int], inputs: [ModelChannel],
    outputs: [ModelChannel], base: [ModelChannel]? = nil, halo: [Int]? = nil, scaleFactor: Double? = nil,
    spacing: CellSpacing? = nil, classes: [String] = [], provenance: [String: String] = [:],
    history: TrainingHistory? = nil, parameters: Parameters
  ) {
    self.init(
      definition: spec, declaration: spec, loss: loss, domain: domain, patch: patch, inputs: inputs,
      outputs: outputs, base: base, halo: halo, scaleFactor: scaleFactor, spacing: spacing, classes: classes,
      provenance: provenance, history: history, parameters: parameters)
  }

  /// The network for fields of [rows, columns].
  /// - Throws: `GraphError` when they do not fit, with the layer.
  public func network(rows: Int, columns: Int, batch: Int = 1, _ mode: NetworkBuilder.Mode = .inference)
    throws(GraphError) -> Network
  {
    try definition.network(
      input: Self.shape(batch, inputs.count, [rows, columns]), mode, domain: domain)
  }

  static func shape(_ batch: Int, _ channels: Int, _ patch: [Int]) throws(GraphError) -> Shape {
    do { return try Shape([batch, channels] + patch) } catch {
      throw GraphError(path: "", error.description, shapes: [])
    }
  }
}

/// The size of a grid's cells along rows and columns, as far as one number says it.
public struct CellSpacing: Sendable, Hashable {
  /// Between rows and between columns, above 0.
  public var rows: Double
  public var columns: Double
  /// `degrees`, `m`, `km`.
  public var units: String

  public init(rows: Double, columns: Double, units: String) {
    (self.rows, self.columns, self.units) = (rows, columns, units)
  }
}
