import GridFiles
import Grids
import Stages

/// Turns a block into the chunks of an output: checks that every valid value is finite, puts the fill value
/// where data are missing, packs classes into bytes, encodes.
struct ChunkWriting {
  let output: OutputFile
  let layout: OutputLayout
  /// The stage whose result is written, for messages.
  let origin: String
  let tally: ClassTally

  struct Encoded: Sendable {
    let name: String
    let origin: [Int]
    let chunk: OutputFile.EncodedChunk
  }

  func encode(_ run: OutputLayout.Run, _ block: Block) throws -> [Encoded] {
    var result: [Encoded] = []
    result.reserveCapacity(layout.chunks(in: run))
    var floats = [Float](repeating: 0, count: layout.chunkCount)
    var bytes: [Int8] = []
    try layout.forEachChunk(run) { chunk in
      let name = layout.header.data[chunk.variable].name
      let definition = layout.header.definition.variables.first { $0.name == name }
      let fill = definition?.fill.flatMap { Attribute(name, $0).number }.flatMap { Float($0) } ?? 1e20
      try gather(chunk, block, fill, into: &floats)
      let encoded: OutputFile.EncodedChunk
      switch definition?.type {
      case .int8:
        if bytes.isEmpty { bytes = .init(repeating: 0, count: floats.count) }
        for index in floats.indices {
          guard let value = Int8(exactly: floats[index]) else {
            throw Fault(
              .failed, "the value \(floats[index]) is no class: classes are whole numbers from -128 to 127",
              stage: origin, file: output.path, variable: name)
          }
          bytes[index] = value
        }
        tally.add(variable: chunk.variable, bytes)
        encoded = try unsafe bytes.withUnsafeBytes { try unsafe output.encode(name, $0) }
      case .float32:
        encoded = try unsafe floats.withUnsafeBytes { try unsafe output.encode(name, $0) }
      default:
        throw Fault(
          .failed, "the type \(definition?.type.name ?? "none") is not written here", stage: origin,
          file: output.path, variable: name)
      }
      result.append(.init(name: name, origin: chunk.origin, chunk: encoded))
    }
    return result
  }

  private func gather(_ chunk: OutputLayout.Chunk, _ block: Block, _ fill: Float, into floats: inout [Float])
    throws
  {
    let region = block.region
    let values = unsafe block.values
    let validity = unsafe block.validity
    let width = region.columns.count
    var target = 0
    func fillUp(_ count: Int) {
      for index in target..<target + count { floats[index] = fill }
      target += count
    }
    for step in 0..<chunk.extents.times {
      let time = chunk.times.lowerBound + step
      for layer in chunk.layers {
        guard time < chunk.times.upperBound, let layer else {
          fillUp(chunk.extents.rows * chunk.extents.columns)
          continue
        }
        let map = block.mapOffset(
          chunk.variable - region.variables.lowerBound, time - region.times.lowerBound,
          layer - region.layers.lowerBound)
        for row in chunk.rows {
          let start =
            map + (row - region.rows.lowerBound) * width + chunk.columns.lowerBound
            - region.columns.lowerBound
          let count = chunk.columns.count
          unsafe floats.withUnsafeMutableBufferPointer { floats in
            for index in 0..<count {
              // A valid value that is the fill value would be read back as missing.
              let value = unsafe values[start + index]
              unsafe floats[target + index] =
                validity[start + index] == 0 ? fill : value == fill ? .nan : value
            }
          }
          var isFinite = true
          for index in target..<target + count { isFinite = isFinite && floats[index].isFinite }
          if !isFinite {
            let first = (0..<count).first { index in
              unsafe validity[start + index] != 0 && !floats[target + index].isFinite
            }
            throw unwritable(chunk, time, layer, row, first ?? 0, unsafe values[start + (first ?? 0)])
          }
          target += count
          fillUp(chunk.extents.columns - count)
        }
        fillUp((chunk.extents.rows - chunk.rows.count) * chunk.extents.columns)
      }
    }
  }

  private func unwritable(
    _ chunk: OutputLayout.Chunk, _ time: Int, _ layer: Int, _ row: Int, _ offset: Int, _ value: Float
  ) -> Fault {
    return Fault(
      .failed,
      value.isFinite
        ? "a valid value is \(value), which stands for missing values in the output"
        : "the result is \(value) where it should be a number", stage: origin, file: output.path,
      variable: layout.header.data[chunk.variable].name,
      region: "time \(time), layer \(layer), row \(row), column \(chunk.columns.lowerBound + offset), from 0",
      remedy:
        "mask such values with the stage `mask`, or name them in the input: attributes: {missing_value: ...}")
  }
}
