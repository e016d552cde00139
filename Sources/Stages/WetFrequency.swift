import Grids

/// Makes a field wet as often as observations are.
public struct WetFrequency: Stage {
  public static let declaration = StageDeclaration(
    name: "wet-frequency", summary: "makes a field wet as often as observations: the drizzle becomes dry",
    discussion: """
      In each cell and month (`by`) the share of observed steps with at least `wet` is counted, and the value t found at \
      and above which the same share of the reference lies (its n largest values; n is the share times the number of its \
      steps, rounded). Then a value of the field below t becomes 0; others stay, and are `wet` when they are less: \
      in a field that is too wet drizzle becomes dry, in one that is too dry its largest small amounts become `wet`, as \
      far as there are any (0 stays 0). It is the first step of local intensity scaling (Schmidli et al. 2006, \
      doi:10.1002/joc.1287, section 3); `quantile-map` corrects the amounts. Missing values stay missing; a cell without \
      observations is missing. `observed` must lie on the field's grid.
      """,
    keys: [
      Key("input", .stream, "the field: amounts of rain"),
      Key("observed", .stream, required: true, "the observations, on the field's grid"),
      Key(
        "reference", .stream, default: "the input", "the same kind of field in the time of the observations"),
      Key(
        "train", .mapping(TrainingSetup.timeKeys), default: "all",
        "the times of observations and reference that are counted"),
      Key("wet", .number, required: true, "from which amount on a step is wet, in the field's units"),
      Key("by", .choice(["month", "season", "none"]), default: "month", "steps that are counted together"),
    ])

  private let arguments: Arguments
  private let wet: Double

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    wet = arguments.number("wet") ?? 0
    guard wet > 0, wet.isFinite else {
      throw PlanError("`wet` is an amount above 0, found \(wet.plain)", at: arguments.mark("wet"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, observed) = (try inputs.stream("input"), try inputs.stream("observed"))
    let reference = inputs["reference"] ?? input
    let groups = try SharedGroups(arguments, input, [observed, reference])
    func gathered(_ stream: StageInputs.Stream, _ steps: [[Int]]) throws(PlanError) -> SampleFits {
      SampleFits(
        stream.description, try groups.counterparts(of: input, in: stream),
        named: input.description.variables, groups: steps, kind: .empirical, nodes: 1, wet: nil)
    }
    let thresholds = WetThresholds(
      observed: try gathered(observed, groups.steps[0]), reference: try gathered(reference, groups.steps[1]),
      wet: wet)
    let node = graph.add(thresholds, inputs: [observed.node, reference.node])
    return graph.add(
      WetAsOften(output: input.description, wet: Float(wet), groupCount: groups.count, group: groups.group),
      inputs: [input.node, node])
  }
}

/// A field with the thresholds of its cells. Inputs: the field, the thresholds.
private struct WetAsOften: Computation {
  let output: Description
  let wet: Float
  let groupCount: Int
  /// Of each step.
  let group: [Int]
  var label: String { "wet as often" }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { variable in
      var (field, threshold) = (region, region)
      field.variables = variable..<variable + 1
      threshold.variables = field.variables
      threshold.times = 0..<1
      threshold.layers = region.layers.lowerBound * groupCount..<region.layers.upperBound * groupCount
      return [Need(0, field), Need(1, threshold)]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work { WetAsOftenWork(self, try Block.make(region)) }
}

private final class WetAsOftenWork: Work {
  let node: WetAsOften
  let result: Block
  init(_ node: WetAsOften, _ result: Block) { (self.node, self.result) = (node, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("`wet-frequency` was not given its inputs") }
    let (field, thresholds, region) = (blocks[0], blocks[1], result.region)
    for (t, time) in region.times.enumerated() {
      for l in 0..<region.layers.count {
        let (from, to) = (field.mapOffset(0, t, l), result.mapOffset(step, t, l))
        let limit = thresholds.mapOffset(0, 0, l * node.groupCount + node.group[time])
        for cell in 0..<region.mapCount {
          let (value, least) = (field.values[from + cell], thresholds.values[limit + cell])
          let isValid = field.validity[from + cell] != 0 && thresholds.validity[limit + cell] != 0
          result.values[to + cell] = isValid ? (value < least ? 0 : max(value, node.wet)) : .nan
          result.validity[to + cell] = isValid ? 1 : 0
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
