import Kernels
import Testing

@Suite struct TransposedConvolutionTests {
  struct Case: Sendable {
    var images = 1
    let channels: Int
    let filters: Int
    let size: (Int, Int)
    let kernel: (Int, Int)
    let stride: (Int, Int)
    var before = 0
    var extra = 0
    var groups = 1

    var output: (Int, Int) {
      (
        (size.0 - 1) * stride.0 + kernel.0 - 2 * before + extra,
        (size.1 - 1) * stride.1 + kernel.1 - 2 * before + extra
      )
    }
    var shape: isotach_convolution {
      var shape = isotach_convolution()
      (shape.images, shape.channels, shape.filters) = (Int64(images), Int64(channels), Int64(filters))
      (shape.height, shape.width) = (Int64(size.0), Int64(size.1))
      (shape.out_height, shape.out_width) = (Int64(output.0), Int64(output.1))
      (shape.kernel_y, shape.kernel_x) = (Int64(kernel.0), Int64(kernel.1))
      (shape.stride_y, shape.stride_x) = (Int64(stride.0), Int64(stride.1))
      (shape.before_y, shape.before_x) = (Int64(before), Int64(before))
      shape.groups = Int64(groups)
      return shape
    }
  }

  static let cases = [
    Case(channels: 1, filters: 1, size: (1, 1), kernel: (1, 1), stride: (1, 1)),
    Case(images: 2, channels: 20, filters: 33, size: (5, 7), kernel: (2, 2), stride: (2, 2)),
    Case(channels: 40, filters: 80, size: (6, 5), kernel: (3, 3), stride: (2, 2), before: 1, extra: 1),
    Case(channels: 32, filters: 64, size: (6, 5), kernel: (3, 3), stride: (2, 2), before: 1, groups: 2),
    Case(channels: 20, filters: 24, size: (9, 13), kernel: (2, 3), stride: (2, 3), before: 0),
    Case(images: 2, channels: 16, filters: 70, size: (7, 6), kernel: (2, 2), stride: (2, 2), before: 2),
    // Rows and columns that no tap reaches.
    Case(channels: 7, filters: 5, size: (6, 5), kernel: (2, 3), stride: (3, 4), extra: 1),
    Case(channels: 30, filters: 24, size: (3, 3), kernel: (5, 5), stride: (2, 3), before: 2, extra: 1),
  ]

  @Test(arguments: cases) func equalsReference(one: Case) {
    let plane = one.size.0 * one.size.1
    let x = randomNumbers(one.images * one.channels * plane, 1)
    let w = randomNumbers(one.channels * one.filters / one.groups * one.kernel.0 * one.kernel.1, 2)
    let bias = randomNumbers(one.filters, 3)
    var shape = one.shape
    var expected = [Float](
      repeating: .nan, count: one.images * one.filters * one.output.0 * one.output.1)
    isotach_transposed_reference(&shape, x, w, bias, &expected)
    let added = randomNumbers(expected.count, 4)
    expected = zip(expected, added).map { max(0, $0 + $1) }
    for level in cpuLevels {
      atLevel(level) {
        let input = BlockedValue(
          x, channels: one.channels, images: one.images, height: one.size.0, width: one.size.1)
        let residual = BlockedValue(
          added, channels: one.filters, images: one.images, height: one.output.0, width: one.output.1,
          halo: (0, 1))
        let output = BlockedValue(
          channels: one.filters, images: one.images, height: one.output.0, width: one.output.1, halo: (1, 0))
        var (plan, epilogue) = (isotach_transposed(), isotach_epilogue())
        epilogue.activation = Int32(ISOTACH_RELU)
        #expect(isotach_transposed_plan(&shape, &plan) == 1)
        var packed = [Float](repeating: .nan, count: Int(isotach_transposed_packed(&plan)))
        isotach_transposed_pack(&plan, w, bias, 0, isotach_transposed_pack_ranges(&plan), &packed)
        withUnsafePointer(to: &residual.layout) {
          epilogue.residual = $0
          for piece in (0..<isotach_transposed_pieces(&plan)).reversed() {
            var scratch = [Float](repeating: .nan, count: Int(isotach_transposed_scratch(&plan)))
            isotach_transposed_run(
              &plan, piece, &input.layout, packed, &epilogue, &output.layout, &scratch)
          }
        }
        #expect(relativeError(output.plain, expected) < 2e-6, "level \(level)")
      }
    }
  }
}
