using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Tests.Numerics;

public sealed class SpaceFillingTests
{
    [Fact]
    public void In_one_dimension_points_are_equally_spaced_from_end_to_end()
    {
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], SpaceFilling.Points(1, 5).Select(point => Assert.Single(point)));
        Assert.Equal([0.5], Assert.Single(SpaceFilling.Points(1, 1)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public void Every_half_of_every_pair_of_coordinates_gets_its_share(int dimension)
    {
        double[][] points = SpaceFilling.Points(dimension, 400);
        Assert.All(points, point => Assert.All(point, x => Assert.InRange(x, 0, 1)));
        for (int i = 0; i < dimension; i++)
        {
            for (int k = 0; k < i; k++)
            {
                // 100 are due; 400 random points would miss by 9 in the mean.
                int count = points.Count(point => point[i] < 0.5 && point[k] < 0.5);
                Assert.InRange(count, 90, 110);
            }
        }
    }

    [Fact]
    public void The_first_points_of_a_longer_set_are_those_of_a_shorter_one() =>
        Assert.Equal(SpaceFilling.Points(4, 10), SpaceFilling.Points(4, 50).Take(10));
}
