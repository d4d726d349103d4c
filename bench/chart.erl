%% The benchmark's bar chart: a panel for each table, which has for each name one bar for each machine.
-module(chart).

-export([write/2]).

%% In pixels. A ratio above ?MOST leaves the chart and says so.
-define(LABEL, 210).
-define(UNIT, 330).
-define(MOST, 1.25).
-define(BAR, 11).
-define(GAP, 6).
-define(TEXT, 22).
-define(WIDTH, 720).

-define(PANELS, [
    {"one_key", "One key of 8 bytes, 8 servers"},
    {"batch", "Many keys of 8 bytes in one call, a key"}
]).
%% For each machine, the colours of ketama's bars and of the others.
-define(COLORS, [{"#2a7ab8", "#a8a8a8"}, {"#7fb6dd", "#d0d0d0"}, {"#154c78", "#808080"}]).

%% Writes the chart of machines as results:read/1 has them.
write(File, Machines) ->
    Colored = lists:zip(Machines, lists:sublist(?COLORS, length(Machines))),
    {Legend, Top} = lists:mapfoldl(fun legend/2, 34, Colored),
    {Panels, Height} = lists:mapfoldl(fun(Panel, Y) -> panel(Panel, Colored, Y) end, Top + 4, ?PANELS),
    file:write_file(File, [
        io_lib:format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"~b\" height=\"~b\" "
            "viewBox=\"0 0 ~b ~b\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">~n"
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>~n",
            [?WIDTH, Height, ?WIDTH, Height]
        ),
        text(12, 24, "font-size=\"16\"", "Time of a lookup; plain Erlang is 1"),
        Legend,
        Panels,
        "</svg>\n"
    ]).

legend({{Machine, _}, {Color, _}}, Top) ->
    {[rectangle(12, Top + 2, ?BAR, Color), text(30, Top + 12, "fill=\"#666\"", Machine)], Top + 18}.

panel({Table, Title}, Machines, Top) ->
    Names = lists:uniq([Name || {{_, Rows}, _} <- Machines, {T, Name, _} <- Rows, T =:= Table]),
    First = Top + ?TEXT + 10,
    {Bars, Bottom} = lists:mapfoldl(fun(Name, Y) -> bars(Table, Name, Machines, Y) end, First, Names),
    One = ?LABEL + ?UNIT,
    Line = io_lib:format(
        "<line x1=\"~b\" y1=\"~b\" x2=\"~b\" y2=\"~b\" stroke=\"#999\" stroke-dasharray=\"3\"/>~n",
        [One, First - 4, One, Bottom - 2]
    ),
    {[text(12, Top + ?TEXT, "font-weight=\"bold\"", Title), Bars, Line], Bottom + 12}.

bars(Table, Name, Machines, Top) ->
    {Bars, Bottom} = lists:mapfoldl(
        fun({Ratio, Colors}, Y) -> {bar(Name, Ratio, Colors, Y), Y + ?BAR} end,
        Top,
        [{R, Colors} || {{_, Rows}, Colors} <- Machines, {T, N, R} <- Rows, T =:= Table, N =:= Name]
    ),
    Middle = (Top + Bottom) div 2 + 4,
    {[text(?LABEL - 8, Middle, "text-anchor=\"end\"", Name), Bars], Bottom + ?GAP}.

bar(Name, Ratio, {Ketama, Other}, Top) ->
    Width = max(1, round(min(Ratio, ?MOST) * ?UNIT)),
    Color =
        case Name of
            "get" ++ _ -> Ketama;
            "group" ++ _ -> Ketama;
            _ -> Other
        end,
    Figure =
        case Ratio > ?MOST of
            true -> io_lib:format("~.1f &#8594;", [Ratio]);
            false -> io_lib:format("~.2f", [Ratio])
        end,
    [
        rectangle(?LABEL, Top, Width, Color),
        text(?LABEL + Width + 6, Top + ?BAR - 1, "font-size=\"11\"", Figure)
    ].

rectangle(X, Y, Width, Color) ->
    io_lib:format(
        "<rect x=\"~b\" y=\"~b\" width=\"~b\" height=\"~b\" fill=\"~s\"/>~n",
        [X, Y, Width, ?BAR - 1, Color]
    ).

text(X, Y, Style, Text) ->
    io_lib:format("<text x=\"~b\" y=\"~b\" ~s>~ts</text>~n", [X, Y, Style, Text]).
