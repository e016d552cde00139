import Grids
import Tensors

/// Carries fields onto another grid.
public struct Regrid: Stage {
  private static let axisKeys = [
    Key("first", .number, required: true, "the first cell centre, degrees"),
    Key("last", .number, required: true, "the last cell centre, degrees"),
    Key("step", .number, required: true, "the distance between centres, degrees"),
  ]
  public static let declaration = StageDeclaration(
    name: "regrid", summary: "carries fields onto another grid",
    discussion: """
      bilinear: the bilinear map of the four surrounding source centres in longitude and latitude (SCRIP, \
      Jones 1999), or along the axes when both grids have the same rotated pole or projection; beyond the last row of a global grid the four nearest centres of that row by inverse distance. \
      bicubic: 4 x 4 source centres, cubic with central differences as gradients. \
      conservative: first order, shared area over target area; rows and columns of latitude-longitude grids have \
      sides along parallels and meridians, all other cells along great circles. nearest: least great circle \
      distance. bin: the mean of the source centres in the target cell, for swaths and stations. \
      Missing source cells: bilinear, bicubic and nearest give a missing value when a cell with weight is missing; \
      conservative and bin use what is there; `min-valid` sets another share (not for bicubic). \
      Values of class (with flag_values) take nearest only. Components of vectors along the grid (x_wind, \
      grid_eastward_wind) are carried over as numbers and not turned: turn them to eastward and northward first.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "to",
        .either([
          .stream,
          .mapping([
            Key("latitude", .mapping(axisKeys), required: true, "the rows"),
            Key("longitude", .mapping(axisKeys), required: true, "the columns"),
          ]), .text,
        ]), required: true,
        "a stream (its grid), a regular grid by first, last and step, or r360x180, global_0.5, n80"),
      Key(
        "method", .choice(RegridMethod.allCases.map(\.rawValue)), default: "bilinear",
        "how it is interpolated"),
      Key(
        "min-valid", .number, default: "1; conservative and bin: any",
        "the least share of valid source that a value needs, 0 to 1"),
      Key(
        "normalization", .choice(RegridRule.Normalization.allCases.map(\.rawValue)), default: "fracarea",
        "conservative: divide by the valid area (fracarea) or by the whole cell (destarea)"),
      Key(
        "valid-fraction", .boolean, default: "false",
        "add a variable NAME_valid_fraction with the share of valid source of each value"),
      Key(
        "extrapolate", .either([.boolean, .choice(["nearest", "edge"])]), default: "false",
        """
        fill cells outside the source's centres: all with the nearest value (true, nearest), or those in the outer \
        half of its outermost cells with the value at the edge (edge: bilinear and bicubic on axes)
        """),
      Key(
        "max-distance", .number, default: "none",
        "nearest and extrapolate: how far away a source cell may be, km on a sphere of 6371 km"),
    ])

  private let arguments: Arguments
  private let method: RegridMethod
  private let rule: RegridRule
  private let options: RegridOptions
  private let addsShare: Bool

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    let name = arguments.text("method") ?? RegridMethod.bilinear.rawValue
    guard let method = RegridMethod(rawValue: name) else {
      throw PlanError("`\(name)` is no method", at: arguments.mark("method"))
    }
    self.method = method
    let minimal = arguments.number("min-valid")
    if let minimal {
      guard minimal >= 0, minimal <= 1 else {
        throw PlanError(
          "`min-valid` is a share from 0 to 1, found \(minimal)", at: arguments.mark("min-valid"))
      }
      guard method != .bicubic, method != .nearest else {
        throw PlanError(
          "`min-valid` means nothing to \(name): it needs all its source cells",
          at: arguments.mark("min-valid"),
          remedy: "leave it out, or use bilinear or conservative")
      }
    }
    if arguments.value("normalization") != nil, method != .conservative {
      throw PlanError(
        "`normalization` is for conservative only", at: arguments.mark("normalization"),
        remedy: "leave it out")
    }
    let normalization = arguments.text("normalization").flatMap(RegridRule.Normalization.init) ?? .fracarea
    rule = RegridRule(method, minimalValid: minimal, normalization: normalization)
    let holdsEdges = arguments.text("extrapolate") == "edge"
    let extrapolates = arguments.boolean("extrapolate") ?? (arguments.text("extrapolate") == "nearest")
    if holdsEdges, method != .bilinear, method != .bicubic {
      throw PlanError(
        "`extrapolate: edge` is for bilinear and bicubic", at: arguments.mark("extrapolate"),
        remedy: "use `extrapolate: nearest`")
    }
    let distance = arguments.number("max-distance")
    if let distance {
      guard distance > 0 else {
        throw PlanError("`max-distance` is above 0, found \(distance)", at: arguments.mark("max-distance"))
      }
      guard method == .nearest || extrapolates else {
        throw PlanError(
          "`max-distance` is for nearest and for `extrapolate: true`", at: arguments.mark("max-distance"),
          remedy: "leave it out")
      }
    }
    options = RegridOptions(
      maximalDistance: distance, extrapolates: extrapolates, holdsEdges: holdsEdges)
    addsShare = arguments.boolean("valid-fraction") ?? false
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let target = try targetGrid(inputs)
    if method != .nearest, let classes = input.description.variables.first(where: { $0.flags != nil }) {
      throw PlanError(
        "`\(classes.name)` has classes: their mean means nothing", at: arguments.mark("method"),
        subject: classes.name, remedy: "use `method: nearest`")
    }
    let regridder: Regridder
    do {
      regridder = try Regridder(from: input.description.grid, to: target, method: method, options: options)
    } catch {
      throw PlanError(
        "`\(input.name)` cannot be regridded: \(error.cause)", at: arguments.mark, subject: error.subject,
        remedy: error.remedy)
    }
    var output = input.description
    output.grid = regridder.target
    if addsShare {
      let taken = Set(output.variables.map(\.name))
      for variable in input.description.variables {
        let name = "\(variable.name)_valid_fraction"
        guard !taken.contains(name) else {
          throw PlanError(
            "`\(input.name)` has a variable `\(name)` already", at: arguments.mark("valid-fraction"),
            subject: name)
        }
        output.variables.append(
          VariableDescription(
            name: name, longName: "share of valid source of \(variable.longName ?? variable.name)", units: "1"
          ))
      }
    }
    return graph.add(
      Regridding(
        output: output, regridder: regridder, rule: rule, fields: input.description.variables.count,
        addsShare: addsShare), inputs: [input.node])
  }

  private func targetGrid(_ inputs: StageInputs) throws(PlanError) -> Grid {
    if let stream = inputs["to"] { return stream.description.grid }
    guard let value = arguments.value("to") else {
      throw PlanError("`to` is missing", at: arguments.mark)
    }
    do {
      if let text = value.text { return try Grid.named(text) }
      return try Grid.regular(latitude: axis(value, "latitude"), longitude: axis(value, "longitude"))
    } catch let error as GridError {
      throw PlanError(error.cause, at: value.mark, subject: error.subject, remedy: error.remedy)
    } catch let error as PlanError {
      throw error
    } catch {
      throw PlanError("\(error)", at: value.mark)
    }
  }

  private func axis(_ value: ConfigValue, _ name: String) throws(PlanError) -> AxisSteps {
    guard let entry = value[name], let first = entry["first"]?.number, let last = entry["last"]?.number,
      let step = entry["step"]?.number
    else {
      throw PlanError(
        "`\(name)` needs the numbers `first`, `last` and `step`", at: value[name]?.mark ?? value.mark)
    }
    return AxisSteps(first: first, last: last, step: step)
  }
}

/// Applies weights, which are computed when the first block needs them.
struct Regridding: DirectComputation {
  let output: Description
  let regridder: Regridder
  let rule: RegridRule
  /// Variables of the input; the output has their shares after them when `addsShare`.
  let fields: Int
  let addsShare: Bool

  var label: String {
    let (from, to) = (regridder.source, regridder.target)
    return "regrid \(regridder.method.rawValue) \(from.ny)x\(from.nx) -> \(to.ny)x\(to.nx)"
  }

  /// The input's variables of which a range of the output's is made.
  private func inputVariables(_ variables: Range<Int>) -> Range<Int> {
    guard addsShare, fields > 0, variables.upperBound > fields else { return variables }
    if variables.lowerBound >= fields { return variables.lowerBound - fields..<variables.upperBound - fields }
    return min(variables.lowerBound, 0)..<fields
  }

  func needs(for region: Region) -> [Need] {
    let source = regridder.neededRegion(region.rows, region.columns)
    return [
      Need(
        0,
        Region(
          variables: inputVariables(region.variables), times: region.times, layers: region.layers,
          rows: source.rows, columns: source.columns))
    ]
  }

  func scratchBytes(for region: Region) -> Int {
    // The weights are there once, however many regions are computed at a time: counted with each, which errs
    // on the side of too much.
    var bytes = regridder.estimatedBytes + 16 * region.columns.count * 64
    if addsShare {
      let maps = inputVariables(region.variables).count * region.times.count * region.layers.count
      bytes += maps * region.mapCount * 9
    }
    return bytes
  }

  func operations(for region: Region) -> Double {
    let terms: Double =
      switch regridder.method {
      case .nearest: 1
      case .bilinear: 8
      case .bicubic: 32
      case .conservative, .bin: 16
      }
    return Double(region.count) * terms
  }

  func compute(_ region: Region, _ blocks: [Block]) throws(StageError) -> Block {
    guard let source = blocks.first else { throw StageError("the stage was given no input") }
    do {
      let weights = try regridder.weights()
      guard addsShare else {
        let target = try Block(uninitialized: region)
        try weights.apply(source, to: target, rule: rule)
        return target
      }
      return try withShare(region, source, weights)
    } catch let error as GridError {
      throw StageError(error.cause, subject: error.subject, remedy: error.remedy)
    } catch let error as ShapeError {
      throw StageError(error.description)
    } catch {
      throw StageError("\(error)")
    }
  }

  private func withShare(_ region: Region, _ source: Block, _ weights: RegridWeights) throws -> Block {
    var all = region
    all.variables = source.region.variables
    let values = try Block(uninitialized: all)
    let share = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, values.count))
    defer { unsafe share.deallocate() }
    unsafe share.initialize(repeating: 0)
    try unsafe weights.apply(source, to: values, rule: rule, share: share)
    let target = try Block(uninitialized: region)
    let size = region.times.count * region.layers.count * region.mapCount
    for (k, variable) in region.variables.enumerated() {
      let from = ((variable >= fields ? variable - fields : variable) - all.variables.lowerBound) * size
      for i in 0..<size {
        if variable < fields {
          unsafe target.values[k * size + i] = values.values[from + i]
          unsafe target.validity[k * size + i] = values.validity[from + i]
        } else {
          unsafe target.values[k * size + i] = share[from + i]
          unsafe target.validity[k * size + i] = 1
        }
      }
    }
    return target
  }
}
