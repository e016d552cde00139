import Grids
import Networks

/// Patches of the kept inputs of a training, made the network's numbers.
struct FieldSamples: SampleSource {
  let reader: any FieldReader
  let setup: TrainingSetup
  /// With their means and deviations.
  let inputs: [ModelChannel]
  let outputs: [ModelChannel]
  /// Of each cell of the grid; nil: all count the same.
  let cellWeights: [Float]?
  /// The patches themselves; nil: those that the sampler draws.
  let patches: [Patch]?

  var count: Int { patches?.count ?? setup.sampler.count }

  /// Values of a patch as they are read, [channels][cells], and whether they are valid (1, else 0).
  struct Raw {
    var values: [Float]
    var validity: [Float]
    let extents: [Int]
    var cells: Int { extents[0] * extents[1] }
  }

  func fill(_ slot: Batch.Slot, epoch: Int, index: Int) throws {
    let patch =
      if let patches { patches[index % patches.count] } else {
        setup.sampler.patch(epoch: epoch, index: index)
      }
    let fields = setup.fields
    // The target lies on the same cells, or on finer ones in them.
    let (finer, extents) = (fields.refinement, fields.targetPatch(setup.patch))
    var fine = patch
    (fine.row, fine.column) = (patch.row * finer.rows, patch.column * finer.columns)
    var features = try raw(0, fields.features, patch, setup.patch)
    var target = try raw(1, fields.target, fine, extents)
    var residual = try fields.residual.map { try raw(2, $0, fine, extents) }
    var weights = cellWeights.map { cellWeights in
      (0..<extents[0] * extents[1]).map { i in
        cellWeights[
          (fine.row + i / extents[1]) * fields.grid.nx + (fine.column + i % extents[1]) % fields.grid.nx]
      }
    }
    if !patch.orientation.isIdentity {
      turn(&features, fields.features.vectors, patch.orientation)
      turn(&target, fields.target.vectors, patch.orientation)
      if var field = residual, let vectors = fields.residual?.vectors {
        turn(&field, vectors, patch.orientation)
        residual = field
      }
      if let given = weights { weights = moved(given, patch.orientation, extents) }
    }
    let cells = features.cells
    // A cell counts where everything is there.
    var isWhole = [Float](repeating: 1, count: cells)
    for channel in inputs.indices {
      let (at, model) = (channel * cells, inputs[channel])
      for i in 0..<cells {
        let number = features.validity[at + i] > 0 ? model.encode(Double(features.values[at + i])) : 0
        if features.validity[at + i] == 0 { isWhole[i] = 0 }
        slot.input[at + i] = Float(number)
      }
    }
    for channel in outputs.indices {
      let (at, model) = (channel * target.cells, outputs[channel])
      for i in 0..<target.cells {
        let (row, column) = (i / extents[1] / finer.rows, i % extents[1] / finer.columns)
        var counts = target.validity[at + i] > 0 && isWhole[row * setup.patch[1] + column] > 0
        var base: Double?
        if let residual {
          counts = counts && residual.validity[at + i] > 0
          base = Double(residual.values[at + i])
        }
        slot.target[at + i] = counts ? Float(model.encode(Double(target.values[at + i]), base: base)) : 0
        slot.weights[at + i] = counts ? weights?[i] ?? 1 : 0
      }
    }
  }

  /// Reads a patch; one that passes the last column goes on at the first.
  private func raw(
    _ input: Int, _ field: TrainingFields.Field, _ patch: Patch, _ extents: [Int]
  ) throws(StageError) -> Raw {
    let (rows, columns) = (extents[0], extents[1])
    let cells = rows * columns
    var raw = Raw(
      values: [Float](repeating: 0, count: field.channels * cells),
      validity: [Float](repeating: 0, count: field.channels * cells), extents: extents)
    let whole = field.description.whole
    let time = field.repeatsTime ? 0 : patch.time
    var done = 0
    while done < columns {
      let start = (patch.column + done) % whole.columns.count
      let width = min(columns - done, whole.columns.count - start)
      let block = try reader.read(
        input,
        Region(
          variables: whole.variables, times: time..<time + 1, layers: whole.layers,
          rows: patch.row..<patch.row + rows, columns: start..<start + width))
      for channel in 0..<field.channels {
        for row in 0..<rows {
          let (from, to) = ((channel * rows + row) * width, channel * cells + row * columns + done)
          for i in 0..<width where block.validity[from + i] != 0 && block.values[from + i].isFinite {
            raw.values[to + i] = block.values[from + i]
            raw.validity[to + i] = 1
          }
        }
      }
      done += width
    }
    return raw
  }

  private func moved(_ map: [Float], _ orientation: Orientation, _ extents: [Int]) -> [Float] {
    var result = [Float](repeating: 0, count: map.count)
    map.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer {
        orientation.apply(source, rows: extents[0], columns: extents[1], to: $0)
      }
    }
    return result
  }

  private func turn(_ raw: inout Raw, _ vectors: [(u: Int, v: Int)], _ orientation: Orientation) {
    let cells = raw.cells
    for start in stride(from: 0, to: raw.values.count, by: cells) {
      raw.values.replaceSubrange(
        start..<start + cells, with: moved(Array(raw.values[start..<start + cells]), orientation, raw.extents)
      )
      raw.validity.replaceSubrange(
        start..<start + cells,
        with: moved(Array(raw.validity[start..<start + cells]), orientation, raw.extents))
    }
    for (u, v) in vectors {
      // Of a vector both components are known or none.
      for i in 0..<cells {
        let isKnown = raw.validity[u * cells + i] * raw.validity[v * cells + i]
        (raw.validity[u * cells + i], raw.validity[v * cells + i]) = (isKnown, isKnown)
      }
      raw.values.withUnsafeMutableBufferPointer { values in
        orientation.turn(
          UnsafeMutableBufferPointer(rebasing: values[u * cells..<(u + 1) * cells]),
          UnsafeMutableBufferPointer(rebasing: values[v * cells..<(v + 1) * cells]),
          isMirrored: setup.fields.isMirrored)
      }
    }
  }
}

extension TrainingSetup {
  /// The channels with the means and deviations of what is trained on, summed in one order.
  func normalised(_ reader: any FieldReader, _ run: RunContext) throws(StageError) -> (
    inputs: [ModelChannel], outputs: [ModelChannel]
  ) {
    var (inputs, outputs) = (fields.inputs, fields.outputs)
    let findsAny = fields.findsInput.contains(true) || fields.findsOutput.contains(true)
    guard findsAny else { return (inputs, outputs) }
    var sums = (
      [RunningMoments](repeating: .init(), count: inputs.count),
      [RunningMoments](repeating: .init(), count: outputs.count)
    )
    // A field that holds for all times counts once.
    let featureTimes = fields.features.repeatsTime ? [0] : training.times
    for time in featureTimes {
      try run.checkCancellation()
      try add(reader, 0, fields.features, time, training.blocks, inputs, nil, &sums.0)
    }
    for time in training.times {
      try run.checkCancellation()
      try add(reader, 1, fields.target, time, training.area, outputs, fields.residual, &sums.1)
    }
    func settle(_ channels: inout [ModelChannel], _ finds: [Bool], _ sums: [RunningMoments])
      throws(StageError)
    {
      for index in channels.indices where finds[index] {
        guard sums[index].count > 0 else {
          throw StageError(
            "no cell of what is trained on has a value", subject: channels[index].name,
            remedy: "choose another `area` or other `times`")
        }
        (channels[index].mean, channels[index].deviation) = (sums[index].mean, sums[index].deviation)
      }
    }
    try settle(&inputs, fields.findsInput, sums.0)
    try settle(&outputs, fields.findsOutput, sums.1)
    return (inputs, outputs)
  }

  private func add(
    _ reader: any FieldReader, _ input: Int, _ field: TrainingFields.Field, _ time: Int,
    _ area: PartOfField, _ channels: [ModelChannel], _ residual: TrainingFields.Field?,
    _ sums: inout [RunningMoments]
  ) throws(StageError) {
    let layers = field.description.layerCount
    for channel in channels.indices {
      let (variable, layer) = (channel / max(1, layers), channel % max(1, layers))
      func region(_ time: Int, _ variable: Int, _ layer: Int) -> Region {
        Region(
          variables: variable..<variable + 1, times: time..<time + 1, layers: layer..<layer + 1,
          rows: area.rows, columns: area.columns)
      }
      let block = try reader.read(input, region(time, variable, layer))
      var base: Grids.Block?
      if let residual {
        let count = max(1, residual.description.layerCount)
        base = try reader.read(2, region(residual.repeatsTime ? 0 : time, channel / count, channel % count))
      }
      var map = RunningMoments()
      let transform = channels[channel].transform
      var index = 0
      for row in area.rows {
        for column in area.columns {
          defer { index += 1 }
          guard area.contains(row, column), block.validity[index] != 0 else { continue }
          var value = transform.apply(Double(block.values[index]))
          if let base {
            guard base.validity[index] != 0 else { continue }
            value -= transform.apply(Double(base.values[index]))
          }
          guard value.isFinite else {
            throw StageError(
              "\(transform.rawValue) has no value for \(block.values[index])",
              subject: channels[channel].name,
              remedy: "choose another transform, or clip the field first")
          }
          map.add(value)
        }
      }
      sums[channel].add(map)
    }
  }
}
