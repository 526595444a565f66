"""``synthetic://street``.

Read in this order:

- ``street``: the street in motion.
- ``script``: who comes along the street, and when.
- ``passage``: the path of one traveller through the picture, and when it is visible.
- ``travellers``: paint one traveller: shadow or headlights, then the traveller.
- ``cyclist``: a cyclist; distances in metres from the point between the wheels.
- ``backdrop``: the empty street: ground, houses, trees, lamps and parked cars.
- ``houses``: house fronts and roofs.
- ``windows``: windows and doors of houses, some lit at dusk.
- ``furniture``: trees, lamps and parked cars that hide travellers behind them.
"""
