import Basics
import Compute
import Grids
import Networks
import ONNX
import Tensors

/// Everything about a training that its keys and the descriptions of its inputs decide.
struct TrainingSetup: Sendable {
  static let timeKeys = [
    Key("from", .text, "first date, e.g. 2006, 2006-03 or 2006-03-15"),
    Key("to", .text, "last date, included"),
    Key("months", .list(.either([.integer, .text])), "months of any year: 1 to 12, or jan to dec"),
    Key("seasons", .list(.text), "runs of months by their initials: DJF, MAM, JJAS, ..."),
    Key("times", .list(.integer), "first and last step by index"),
    Key("step", .integer, default: "1", "every n-th step"),
  ]

  /// Where and when something is taken from.
  struct Part: Sendable {
    let area: PartOfField
    let times: [Int]
    /// The area on the grid of the features.
    var blocks: PartOfField
  }

  let fields: TrainingFields
  let definition: any NetworkDefinition
  /// Nil for the graph of another program's model file.
  let declaration: NetworkSpec?
  let loss: any Loss
  let options: TrainingOptions
  let batch: Int
  let patch: [Int]
  /// Patches begin at multiples of these.
  let align: [Int]
  let training: Part
  let validation: Part?
  let sampler: PatchSampler
  /// The patches that are validated on.
  let validationPatches: [Patch]
  let checkpointEvery: Int
  let usesLatitudeWeights: Bool
  /// The numbers to start from; nil: new ones.
  let start: Parameters?
  let normalisation: ModelMetadata.Normalisation
  let modelPath: String
  let modelMark: Mark
  var statePath: String { modelPath + ".state" }

  /// The padding that the network learns with, and the one that it is applied with.
  let trainingDomain: DomainPadding
  let domain: DomainPadding

  /// - Throws: `PlanError` with all faults.
  init(
    _ arguments: Arguments, features: StageInputs.Stream, target: StageInputs.Stream,
    residual: StageInputs.Stream?
  ) throws(PlanError) {
    var faults: [PlanError] = []
    func attempt<T>(_ body: () throws(PlanError) -> T) -> T? {
      do throws(PlanError) { return try body() } catch {
        faults.append(error)
        return nil
      }
    }
    let grid = target.description.grid
    // What the network and its training are made of.
    let decoding = Decoding()
    let start = attempt { () throws(PlanError) in try TrainingStart(arguments, decoding) } ?? nil
    let loss = arguments.value("loss").map { decoding.loss($0) } ?? MeanSquaredError()
    let optimiser = arguments.value("optimiser").map { decoding.optimiser($0) } ?? Adam()
    let schedule = arguments.value("schedule").map { decoding.schedule($0) } ?? Steady()
    faults += decoding.faults
    let clipping: Clipping?? = attempt { () throws(PlanError) -> Clipping? in
      guard let value = arguments.value("clip") else { return nil }
      do throws(SpecFaults) { return try Clipping(value) } catch {
        throw PlanError.all(error.list) ?? PlanError("`clip` is wrong", at: value.mark)
      }
    }
    let adversarial: Adversarial?? = attempt { () throws(PlanError) -> Adversarial? in
      guard let value = arguments.value("adversarial") else { return nil }
      if let loss, loss.channelsPerVariable != 1 || loss.takesRawTargets {
        throw PlanError(
          "a discriminator sees values, and `\(type(of: loss).declaration.name)` predicts something else",
          at: arguments.mark(arguments.value("loss") == nil ? "adversarial" : "loss"),
          remedy: "choose a loss of values, e.g. `mae`, or leave out `adversarial`")
      }
      do throws(SpecFaults) { return try Adversarial(value) } catch {
        throw PlanError.all(error.list) ?? PlanError("`adversarial` is wrong", at: value.mark)
      }
    }
    for key in ["rate", "weight-decay"] {
      if let number = arguments.number(key), !(number >= 0) {
        faults.append(
          PlanError("`\(key)` must be at least 0, found \(number.plain)", at: arguments.mark(key)))
      }
    }
    func count(_ key: String, _ value: ConfigValue?, _ range: ClosedRange<Int>) -> Int? {
      guard let value, let number = value.integer else { return nil }
      if !range.contains(number) {
        faults.append(
          PlanError(
            "`\(key)` goes from \(range.lowerBound) to \(range.upperBound), found \(number)", at: value.mark))
        return nil
      }
      return number
    }
    batch = count("batch", arguments.value("batch"), 1...4096) ?? 8
    let givenSteps = count("steps", arguments.value("steps"), 1...1_000_000_000)
    let epochs = count("epochs", arguments.value("epochs"), 1...1_000_000)
    if (arguments.value("steps") == nil) == (arguments.value("epochs") == nil) {
      faults.append(PlanError("give either `steps` or `epochs`", at: arguments.mark("epochs")))
    }
    let seed = count("seed", arguments.value("seed"), 0...Int.max) ?? 0
    // Which numbers.
    let fields = attempt { () throws(PlanError) in
      try TrainingFields(
        arguments, features: features, target: target, residual: residual,
        takesRawTargets: loss?.takesRawTargets ?? false)
    }
    let refinement = fields?.refinement ?? .none
    let coarse = refinement.isNone ? grid : features.description.grid
    let training = attempt { () throws(PlanError) in
      try Self.part(
        arguments.value("area"), arguments.value("times"), arguments, target, refinement, otherwise: nil)
    }
    let patch = attempt { () throws(PlanError) in try Self.patch(arguments, coarse) }
    let orientations = attempt { () throws(PlanError) in
      try Self.orientations(arguments, fields?.targetPatch, patch, isGlobal: Self.closes(coarse))
    }
    let align = attempt { () throws(PlanError) in try Self.align(arguments, coarse, patch) } ?? [1, 1]
    let shifts = arguments.list("augment")?.contains { $0.text == "shift" } ?? false
    var sampler: PatchSampler?
    if let training, let patch, let orientations {
      sampler = PatchSampler(
        seed: UInt64(seed), times: training.times, rows: coarse.ny, columns: coarse.nx,
        extents: (patch[0], patch[1]), steps: (align[0], align[1]),
        wraps: shifts && Self.closes(coarse), orientations: orientations,
        isAllowed: training.blocks.contains)
      if sampler == nil {
        faults.append(
          PlanError(
            "no patch of \(patch[0]) x \(patch[1]) cells lies inside the area that is trained on",
            at: arguments.mark(arguments.value("patch") != nil ? "patch" : "area"),
            remedy: "make `patch` smaller"))
      }
    }
    // Validation.
    let given = arguments.value("validation")
    var validation: Part?
    var validationPatches: [Patch] = []
    if let given, let training {
      validation = attempt { () throws(PlanError) in
        try Self.part(given["area"], given["times"], arguments, target, refinement, otherwise: training)
      }
      if let validation {
        if let overlap = Self.overlap(training, validation) {
          faults.append(
            PlanError(
              "the validation overlaps what is trained on: \(overlap)", at: given.mark,
              remedy: "say `area` or `times` so that they have no cell in common"))
        }
        if let patch {
          validationPatches = Self.lattice(
            validation, patch, align, limit: count("samples", given["samples"], 1...1_000_000) ?? 256)
          if validationPatches.isEmpty {
            faults.append(
              PlanError(
                "no patch of \(patch[0]) x \(patch[1]) cells lies inside the validation's area",
                at: given.mark))
          }
        }
      }
    }
    // What a discriminator is for does not show in the loss.
    let keepsBest =
      arguments.text("keep").map { $0 == "best" } ?? (given != nil && arguments.value("adversarial") == nil)
    if keepsBest, given == nil {
      faults.append(
        PlanError("`keep: best` needs a validation", at: arguments.mark("keep"), remedy: "add `validation`"))
    }
    // The plan of all.
    let order = BatchOrder(seed: UInt64(seed), samples: sampler?.count ?? 1, batch: batch)
    let (total, overflow) = order.batchesPerEpoch.multipliedReportingOverflow(by: epochs ?? 1)
    if overflow { faults.append(PlanError("`epochs` is too large", at: arguments.mark("epochs"))) }
    let steps = givenSteps ?? (overflow ? 1 : max(1, total))
    let every =
      count("every", given?["every"], 1...1_000_000_000)
      ?? min(steps, max(order.batchesPerEpoch, (steps + 19) / 20))
    if let from = arguments.value("checkpoint") { _ = count("every", from["every"], 1...1_000_000_000) }
    var rates: [TrainingOptions.LayerRate] = []
    if case .mapping(let entries)? = arguments.value("layer-rates")?.content {
      for entry in entries {
        let multiplier = entry.value.number ?? 1
        if !(multiplier >= 0) {
          faults.append(
            PlanError("a rate must be at least 0, found \(multiplier.plain)", at: entry.value.mark))
        }
        rates.append(.init(entry.key, multiplier))
      }
    }
    let isGlobal = Self.closes(coarse)
    domain = DomainPadding(columns: isGlobal ? .periodic : .zero)
    trainingDomain = DomainPadding(columns: isGlobal && patch?.last == coarse.nx ? .periodic : .zero)
    var shapeFaults: [PlanError] = []
    func described(_ error: ModelError) -> PlanError {
      if let subject = error.subject, subject == "discriminator" || subject.hasPrefix("discriminator.") {
        let given = arguments.value("adversarial")
        return PlanError(
          (subject == "discriminator" ? "" : "layer ") + "\(subject): \(error.sentence)",
          at: given?["discriminator"]?.mark ?? given?.mark ?? arguments.mark, remedy: error.remedy)
      }
      return PlanError(
        (error.subject.map { $0 == "network" ? "network: " : "network, layer \($0): " } ?? "network: ")
          + error.sentence, at: arguments.mark("network"), remedy: error.remedy)
    }
    if let declaration = start?.declaration, let loss, let fields, let patch {
      shapeFaults = TrainingPlan.faults(
        declaration, loss: loss, adversarial: adversarial ?? nil,
        channels: (fields.inputs.count, fields.outputs.count), patch: patch,
        targetPatch: fields.targetPatch(patch), batch: batch, domain: trainingDomain
      ).map(described)
      faults += shapeFaults
    }
    if decoding.faults.isEmpty, shapeFaults.isEmpty, let start, let loss, let optimiser, let schedule,
      let fields, let patch
    {
      let options = TrainingOptions(
        optimiser: optimiser, rate: arguments.number("rate"), schedule: schedule, clipping: clipping ?? nil,
        decay: arguments.number("weight-decay"), layerRates: rates,
        frozen: arguments.list("freeze")?.compactMap(\.text) ?? [], steps: steps, every: every,
        patience: given.flatMap { count("patience", $0["patience"], 1...1_000_000) }, keepsBest: keepsBest,
        seed: UInt64(seed), adversarial: adversarial ?? nil)
      var numbers: Parameters?
      do throws(ModelError) {
        let plan = try TrainingPlan(
          start.definition, loss: loss, options: options,
          channels: (fields.inputs.count, fields.outputs.count), patch: patch,
          targetPatch: fields.targetPatch(patch), batch: batch, domain: trainingDomain, threads: 1)
        faults += Self.unusedPatterns(arguments, plan)
        do throws(ModelError) { numbers = try start.parameters(plan) } catch {
          faults.append(start.fault(error, arguments))
        }
      } catch {
        faults.append(described(error))
      }
      if faults.isEmpty, let training, let sampler {
        (self.fields, self.loss, self.options) = (fields, loss, options)
        (definition, declaration, self.start) = (start.definition, start.declaration, numbers)
        self.align = align
        (self.patch, self.training, self.validation, self.sampler) = (patch, training, validation, sampler)
        self.validationPatches = validationPatches
        checkpointEvery = arguments.value("checkpoint")?["every"]?.integer ?? every
        usesLatitudeWeights = arguments.boolean("latitude-weights") ?? false
        normalisation =
          arguments.text("normalisation").flatMap(ModelMetadata.Normalisation.init(rawValue:)) ?? .metadata
        modelPath = arguments.path("model") ?? ""
        modelMark = arguments.mark("model")
        if !modelPath.hasSuffix(".onnx") {
          throw PlanError(
            "a model is a file of ONNX, and `\(modelPath)` does not end in .onnx", at: modelMark,
            remedy: "name it \(modelPath.split(separator: "/").last.map(String.init) ?? "model").onnx")
        }
        if normalisation == .graph, fields.base != nil,
          fields.outputs.contains(where: { $0.transform != .none })
        {
          throw PlanError(
            "the network learns a difference of transformed values: that cannot be undone in the graph of one input",
            at: arguments.mark("normalisation"), remedy: "leave `normalisation` at `metadata`")
        }
        if usesLatitudeWeights, grid.kind == .bare {
          throw PlanError("the grid has no latitudes", at: arguments.mark("latitude-weights"))
        }
        return
      }
    }
    throw PlanError.all(faults) ?? PlanError("the training cannot be planned", at: arguments.mark)
  }

  /// The history has a line at each of these steps.
  var lines: [Int] {
    Array(stride(from: options.every, to: options.steps, by: options.every)) + [options.steps]
  }

  func plan(threads: Int) throws(ModelError) -> TrainingPlan {
    try TrainingPlan(
      definition, loss: loss, options: options, channels: (fields.inputs.count, fields.outputs.count),
      patch: patch, targetPatch: fields.targetPatch(patch), batch: batch, domain: trainingDomain,
      threads: threads)
  }

  // MARK: - Parts

  static func closes(_ grid: Grid) -> Bool { grid.topology.isPeriodic && grid.topology.columns == grid.nx }

  private static func part(
    _ area: ConfigValue?, _ times: ConfigValue?, _ arguments: Arguments, _ target: StageInputs.Stream,
    _ refinement: Refinement, otherwise: Part?
  ) throws(PlanError) -> Part {
    let grid = target.description.grid
    let place =
      area == nil && otherwise != nil
      ? otherwise?.area : try PartOfField(arguments.part(of: area), of: grid, named: target.name)
    let when =
      times == nil && otherwise != nil
      ? otherwise?.times : try TimeSelection(arguments.part(of: times)).indices(of: target)
    guard let place, let when, !when.isEmpty else {
      throw PlanError("there are no times to train on", at: (times ?? area)?.mark ?? arguments.mark)
    }
    return Part(area: place, times: when, blocks: place.blocks(refinement))
  }

  private static func overlap(_ a: Part, _ b: Part) -> String? {
    let times = Set(a.times).intersection(b.times)
    guard !times.isEmpty else { return nil }
    var cells = 0
    for row in a.area.rows.clamped(to: b.area.rows) {
      for column in a.area.columns.clamped(to: b.area.columns)
      where a.area.contains(row, column) && b.area.contains(row, column) { cells += 1 }
    }
    return cells > 0 ? "\(cells) cells at \(times.count) times are in both" : nil
  }

  private static func patch(_ arguments: Arguments, _ grid: Grid) throws(PlanError) -> [Int] {
    guard let value = arguments.value("patch") else { return [min(64, grid.ny), min(64, grid.nx)] }
    let numbers = (arguments.list("patch") ?? []).compactMap(\.integer)
    guard numbers.count == 1 || numbers.count == 2, numbers.allSatisfy({ $0 >= 1 }) else {
      throw PlanError("`patch` needs one number of cells, or rows and columns", at: value.mark)
    }
    let patch = [numbers[0], numbers[numbers.count - 1]]
    guard patch[0] <= grid.ny, patch[1] <= grid.nx else {
      throw PlanError(
        "a patch of \(patch[0]) x \(patch[1]) cells is larger than the grid of \(grid.ny) x \(grid.nx)",
        at: value.mark)
    }
    return patch
  }

  /// Of what patches begin at multiples.
  private static func align(
    _ arguments: Arguments, _ grid: Grid, _ patch: [Int]?
  ) throws(PlanError) -> [Int] {
    guard let value = arguments.value("align") else { return [1, 1] }
    let numbers = (arguments.list("align") ?? []).compactMap(\.integer)
    guard numbers.count == 1 || numbers.count == 2, numbers.allSatisfy({ $0 >= 1 }) else {
      throw PlanError("`align` needs one number of cells, or rows and columns", at: value.mark)
    }
    let align = [numbers[0], numbers[numbers.count - 1]]
    if let patch, patch[0] % align[0] != 0 || patch[1] % align[1] != 0 {
      throw PlanError(
        "a patch of \(patch[0]) x \(patch[1]) cells is not made of whole blocks of \(align[0]) x \(align[1])",
        at: value.mark, remedy: "make `patch` a multiple of `align`")
    }
    if closes(grid), grid.nx % align[1] != 0 {
      throw PlanError(
        "the \(grid.nx) columns of the globe are not made of whole blocks of \(align[1])", at: value.mark)
    }
    return align
  }

  private static func orientations(
    _ arguments: Arguments, _ targetPatch: (([Int]) -> [Int])?, _ patch: [Int]?, isGlobal: Bool
  ) throws(PlanError) -> [Orientation] {
    let words = (arguments.list("augment") ?? []).compactMap { value in value.text.map { ($0, value.mark) } }
    for (word, mark) in words {
      for cells in [patch, patch.flatMap { targetPatch?($0) }] {
        guard word == "rotate", let cells, cells[0] != cells[1] else { continue }
        throw PlanError("patches of \(cells[0]) x \(cells[1]) cells cannot be rotated by a quarter", at: mark)
      }
      if word == "shift", !isGlobal {
        throw PlanError(
          "`shift` goes around a global grid, and this one is not", at: mark,
          remedy: "leave it out: patches lie at random places anyway")
      }
    }
    return Orientation.all(
      flip: words.contains { $0.0 == "flip" }, rotate: words.contains { $0.0 == "rotate" })
  }

  /// Patches side by side that lie inside a part, at most `limit`, evenly chosen.
  private static func lattice(_ part: Part, _ patch: [Int], _ align: [Int], limit: Int) -> [Patch] {
    var places: [(Int, Int)] = []
    let (rows, columns) = (part.blocks.rows, part.blocks.columns)
    func first(_ range: Range<Int>, _ step: Int) -> Int { (range.lowerBound + step - 1) / step * step }
    for row in stride(from: first(rows, align[0]), through: rows.upperBound - patch[0], by: patch[0]) {
      for column in stride(
        from: first(columns, align[1]), through: columns.upperBound - patch[1], by: patch[1])
      {
        let isInside = (row..<row + patch[0]).allSatisfy { r in
          (column..<column + patch[1]).allSatisfy { part.blocks.contains(r, $0) }
        }
        if isInside { places.append((row, column)) }
      }
    }
    let (all, overflow) = places.count.multipliedReportingOverflow(by: part.times.count)
    guard !overflow, all > 0 else { return [] }
    let number = min(all, limit)
    return (0..<number).map { index in
      let chosen = Int(Double(all) / Double(number) * Double(index))
      let (row, column) = places[chosen % places.count]
      return Patch(
        time: part.times[min(part.times.count - 1, chosen / places.count)], row: row, column: column,
        orientation: Orientation())
    }
  }

  /// Patterns that fit no parameter are mistakes.
  private static func unusedPatterns(_ arguments: Arguments, _ plan: TrainingPlan) -> [PlanError] {
    let lists = (arguments.list("freeze") ?? []) + (arguments.list("renew") ?? [])
    var patterns = lists.compactMap { value in value.text.map { ($0, value.mark) } }
    if case .mapping(let entries)? = arguments.value("layer-rates")?.content {
      patterns += entries.map { ($0.key, $0.keyMark) }
    }
    let names = plan.network.parameters.map(\.name)
    return patterns.filter { pattern, _ in !names.contains { matches($0, pattern: pattern) } }.map {
      pattern, mark in
      PlanError(
        "the pattern `\(pattern)` fits no parameter of the network", at: mark,
        remedy:
          "its parameters are \(names.prefix(6).joined(separator: ", "))\(names.count > 6 ? ", ..." : "")")
    }
  }
}
