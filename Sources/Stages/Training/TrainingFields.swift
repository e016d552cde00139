import Basics
import Grids
import Networks

/// The streams of a training: their channels, how they lie on the target, which of them are vectors.
struct TrainingFields: Sendable {
  /// One input of the computation: features 0, target 1, residual 2.
  struct Field: Sendable {
    let description: Description
    /// The field holds for all times.
    let repeatsTime: Bool
    /// Pairs of channels that are the components of a vector.
    let vectors: [(u: Int, v: Int)]
    var channels: Int { description.variables.count * description.layerCount }
  }

  let features: Field
  let target: Field
  let residual: Field?
  /// Mean and deviation as given; 0 and 1 where they are still to be found.
  let inputs: [ModelChannel]
  let outputs: [ModelChannel]
  let base: [ModelChannel]?
  /// Which means and deviations have to be found.
  let findsInput: [Bool]
  let findsOutput: [Bool]
  /// Row and column indices run against one of the axes, but not against both.
  let isMirrored: Bool
  /// Of the target.
  let grid: Grid
  /// Of the features; that of the target, or one of blocks of its cells, which the network refines.
  let coarseGrid: Grid
  let refinement: Refinement

  init(
    _ arguments: Arguments, features: StageInputs.Stream, target: StageInputs.Stream,
    residual: StageInputs.Stream?, takesRawTargets: Bool
  ) throws(PlanError) {
    var faults: [PlanError] = []
    grid = target.description.grid
    coarseGrid = features.description.grid
    do throws(PlanError) {
      refinement = try Refinement(features, in: target) ?? .none
    } catch {
      faults.append(error)
      refinement = .none
    }
    let rows = grid.ny > 1 && grid.y.values[1] < grid.y.values[0]
    let columns = grid.nx > 1 && grid.x.values[1] < grid.x.values[0]
    isMirrored = rows != columns
    var normalisations: [String: (Normalisation, Mark)] = [:]
    var otherwise = Normalisation.standard
    if let value = arguments.value("normalise") {
      if case .mapping(let entries) = value.content {
        for entry in entries {
          do throws(PlanError) {
            normalisations[entry.key] = (try Normalisation(entry.value), entry.keyMark)
          } catch { faults.append(error) }
        }
      } else if value.text == "none" {
        otherwise = .none
      }
    }
    var used: Set<String> = []
    func channels(_ stream: StageInputs.Stream, raw: Bool) -> (channels: [ModelChannel], finds: [Bool]) {
      var channels: [ModelChannel] = []
      var finds: [Bool] = []
      for variable in stream.description.variables {
        let key = [variable.name, variable.standardName ?? ""].first { normalisations[$0] != nil }
        if let key { used.insert(key) }
        var chosen = key.flatMap { normalisations[$0]?.0 } ?? (raw ? .none : otherwise)
        if raw, chosen != .none {
          faults.append(
            PlanError(
              "the loss takes `\(variable.name)` as it is: it cannot be normalised",
              at: key.flatMap { normalisations[$0]?.1 } ?? arguments.mark("normalise"), subject: variable.name
            ))
          chosen = .none
        }
        for layer in 0..<stream.description.layerCount {
          var channel = ModelChannel(
            name: variable.name, standardName: variable.standardName, longName: variable.longName,
            units: variable.units, cellMethods: variable.cellMethods,
            layer: stream.description.layerTitle(layer), transform: chosen.transform,
            mean: chosen.given?.mean ?? 0, deviation: chosen.given?.deviation ?? 1)
          channel.standardised = Standardise.numbers(of: variable)
          channels.append(channel)
          finds.append(chosen.given == nil)
        }
      }
      return (channels, finds)
    }
    (inputs, findsInput) = channels(features, raw: false)
    (outputs, findsOutput) = channels(target, raw: takesRawTargets)
    base = residual.map { channels($0, raw: false).channels }
    for (name, (_, mark)) in normalisations.sorted(by: { $0.key < $1.key }) where !used.contains(name) {
      faults.append(
        PlanError(
          "there is no variable `\(name)` to normalise", at: mark, subject: name,
          remedy: "input: \(features.description.variableList); target: \(target.description.variableList)"))
    }
    var reference = target.description
    reference.layers = []
    func repeats(_ stream: StageInputs.Stream, on grid: Grid) -> Bool {
      var reference = reference
      reference.grid = grid
      var description = stream.description
      description.layers = []
      let flat = StageInputs.Stream(
        name: stream.name, node: stream.node, description: description, mark: stream.mark)
      do throws(PlanError) {
        return try Alignment(of: flat, on: reference, named: target.name).repeatsTime
      } catch {
        faults.append(error)
        return false
      }
    }
    let featuresRepeat = repeats(features, on: refinement.isNone ? grid : coarseGrid)
    let residualRepeats = residual.map { repeats($0, on: target.description.grid) } ?? false
    if let residual {
      if takesRawTargets {
        faults.append(
          PlanError("the loss takes the target as it is: there can be no `residual`", at: residual.mark))
      }
      let names = base ?? []
      if names.count != outputs.count {
        faults.append(
          PlanError(
            "`\(residual.name)` has \(names.count) channels, the target \(outputs.count)", at: residual.mark,
            remedy: "select as many, in the same order"))
      }
      for (one, other) in zip(names, outputs) where one.units != other.units {
        faults.append(
          PlanError(
            "`\(one.name)` of `\(residual.name)` is in \(one.units ?? "no units"), `\(other.name)` in \(other.units ?? "no units")",
            at: residual.mark, subject: one.name, remedy: "convert one of them"))
      }
    }
    for stream in [target]
    where stream.description.variables.contains(where: { $0.flags != nil }) && !takesRawTargets {
      faults.append(
        PlanError(
          "the target has classes: this loss would take their numbers for quantities", at: stream.mark,
          remedy: "choose a loss for classes, e.g. `cross-entropy`"))
    }
    // Vectors.
    let turns = arguments.value("augment")?.list?.contains { ["flip", "rotate"].contains($0.text) } ?? false
    var declared: Set<String> = []
    func field(_ stream: StageInputs.Stream, _ repeatsTime: Bool) -> Field {
      var pairs: [(u: Int, v: Int)] = []
      let variables = stream.description.variables
      for pair in arguments.value("vectors")?.list ?? [] {
        let names = (pair.list ?? []).compactMap(\.text)
        guard names.count == 2 else { continue }
        let places = names.map { stream.description.variableIndex($0) }
        declared.formUnion(names.indices.compactMap { places[$0] == nil ? nil : names[$0] })
        guard let u = places[0], let v = places[1] else {
          if places[0] != nil || places[1] != nil {
            faults.append(
              PlanError(
                "`\(stream.name)` has only one of the components `\(names[0])` and `\(names[1])`",
                at: pair.mark))
          }
          continue
        }
        for layer in 0..<stream.description.layerCount {
          pairs.append((u * stream.description.layerCount + layer, v * stream.description.layerCount + layer))
        }
      }
      let paired = Set(pairs.flatMap { [$0.u, $0.v] }.map { $0 / max(1, stream.description.layerCount) })
      for (index, variable) in variables.enumerated()
      where turns && !paired.contains(index) && Self.isComponent(variable.standardName) {
        faults.append(
          PlanError(
            "`\(variable.name)` is the component of a vector (\(variable.standardName ?? "")): it changes when the field is turned",
            at: arguments.mark("augment"), subject: variable.name, remedy: "name the pair in `vectors`"))
      }
      return Field(description: stream.description, repeatsTime: repeatsTime, vectors: pairs)
    }
    self.features = field(features, featuresRepeat)
    self.target = field(target, false)
    self.residual = residual.map { field($0, residualRepeats) }
    for pair in arguments.value("vectors")?.list ?? [] {
      let names = (pair.list ?? []).compactMap(\.text)
      guard names.count == 2, names[0] != names[1] else {
        faults.append(PlanError("`vectors` is a list of pairs [u, v]", at: pair.mark))
        continue
      }
      for name in names where !declared.contains(name) {
        faults.append(
          PlanError(
            "there is no variable `\(name)`", at: pair.mark, subject: name,
            remedy: "input: \(features.description.variableList); target: \(target.description.variableList)")
        )
      }
    }
    if let error = PlanError.all(faults) { throw error }
  }

  /// Of a vector: it changes when the field is turned.
  static func isComponent(_ standardName: String?) -> Bool {
    guard let name = standardName else { return false }
    return ["eastward_", "northward_", "x_wind", "y_wind", "grid_eastward_", "grid_northward_"]
      .contains { name.hasPrefix($0) }
  }

  /// The extents of the target under a patch of the features.
  func targetPatch(_ patch: [Int]) -> [Int] { [patch[0] * refinement.rows, patch[1] * refinement.columns] }

  /// Bytes of the blocks of one patch.
  func bytes(_ patch: [Int]) -> Int {
    let fine = targetPatch(patch)
    return features.channels * patch[0] * patch[1] * 14
      + (target.channels + (residual?.channels ?? 0)) * fine[0] * fine[1] * 14 + 4096
  }
}
