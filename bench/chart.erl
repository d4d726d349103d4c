%% The benchmark's bar chart: a panel for each table, a bar for each ratio.
-module(chart).

-export([svg/2]).

%% In pixels. A ratio above ?MOST leaves the chart and says so.
-define(LABEL, 210).
-define(UNIT, 330).
-define(MOST, 1.25).
-define(STEP, 22).
-define(WIDTH, 720).

-spec svg(Subtitle :: string(), [{Title :: string(), [{Name :: string(), Ratio :: number()}]}]) ->
    iodata().
svg(Subtitle, Panels) ->
    {Drawn, Height} = lists:mapfoldl(fun panel/2, 56, Panels),
    [
        io_lib:format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"~b\" height=\"~b\" "
            "viewBox=\"0 0 ~b ~b\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">~n"
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>~n",
            [?WIDTH, Height, ?WIDTH, Height]
        ),
        text(12, 24, "font-size=\"16\"", "Time of a lookup; plain Erlang is 1"),
        text(12, 44, "fill=\"#666\"", Subtitle),
        Drawn,
        "</svg>\n"
    ].

panel({Title, Bars}, Top) ->
    First = Top + ?STEP + 10,
    {Drawn, Bottom} = lists:mapfoldl(fun bar/2, First, Bars),
    One = ?LABEL + ?UNIT,
    Line = io_lib:format(
        "<line x1=\"~b\" y1=\"~b\" x2=\"~b\" y2=\"~b\" stroke=\"#999\" stroke-dasharray=\"3\"/>~n",
        [One, First - 4, One, Bottom - 2]
    ),
    {[text(12, Top + ?STEP, "font-weight=\"bold\"", Title), Drawn, Line], Bottom + 12}.

bar({Name, Ratio}, Top) ->
    Width = round(min(Ratio, ?MOST) * ?UNIT),
    Color =
        case Name of
            "get" ++ _ -> "#2a7ab8";
            "group" ++ _ -> "#2a7ab8";
            _ -> "#b0b0b0"
        end,
    Figure =
        case Ratio > ?MOST of
            true -> io_lib:format("~b &#8594;", [round(Ratio)]);
            false -> io_lib:format("~.2f", [float(Ratio)])
        end,
    Drawn = [
        text(?LABEL - 8, Top + 13, "text-anchor=\"end\"", Name),
        io_lib:format(
            "<rect x=\"~b\" y=\"~b\" width=\"~b\" height=\"~b\" fill=\"~s\"/>~n",
            [?LABEL, Top, max(Width, 1), ?STEP - 6, Color]
        ),
        text(?LABEL + Width + 6, Top + 13, "", Figure)
    ],
    {Drawn, Top + ?STEP}.

text(X, Y, Style, Text) ->
    io_lib:format("<text x=\"~b\" y=\"~b\" ~s>~ts</text>~n", [X, Y, Style, Text]).
