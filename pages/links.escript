#!/usr/bin/env escript
%% Checks the pages of a folder: each link within it leads to a file and an anchor that exist, and each page can be
%% reached from index.html.
-mode(compile).

main([Folder]) ->
    ok = file:set_cwd(Folder),
    Pages = maps:from_list([{Page, read(Page)} || Page <- filelib:wildcard("**/*.html")]),
    Broken = [
        io_lib:format("~ts: the link to ~ts#~ts leads nowhere~n", [Page, File, Name])
     || {Page, {Links, _}} <- lists:sort(maps:to_list(Pages)), {File, Name} <- Links, not leads(File, Name, Pages)
    ],
    Apart = [
        io_lib:format("~ts: index.html does not lead there~n", [Page])
     || Page <- lists:sort(maps:keys(Pages) -- reached(["index.html"], [], Pages))
    ],
    io:put_chars(standard_error, [Broken, Apart]),
    halt(min(1, length(Broken ++ Apart))).

%% Returns the links of a page, as {File, Anchor}, and the page's own anchors.
read(Page) ->
    {ok, Html} = file:read_file(Page),
    {
        lists:usort([link(Page, Url) || Url <- attributes("href|src", Html), not is_elsewhere(Url)]),
        attributes("id|name", Html)
    }.

attributes(Names, Html) ->
    case re:run(Html, ["\\s(?:", Names, ")=\"([^\"]*)\""], [global, {capture, all_but_first, binary}]) of
        {match, Values} -> [uri_string:percent_decode(Value) || [Value] <- Values];
        nomatch -> []
    end.

is_elsewhere(Url) ->
    re:run(Url, "^[a-z]+:") =/= nomatch.

link(Page, Url) ->
    case string:split(Url, "#") of
        [<<>>, Name] -> {Page, Name};
        [File | Name] -> {normal(filename:join(filename:dirname(Page), binary_to_list(File))), iolist_to_binary(Name)}
    end.

%% Removes `.' and `..' from a path.
normal(Path) ->
    Parts = lists:foldl(
        fun
            (".", Before) -> Before;
            ("..", [_ | Before]) -> Before;
            (Part, Before) -> [Part | Before]
        end,
        [],
        filename:split(Path)
    ),
    filename:join(lists:reverse(Parts)).

leads("../" ++ _, _, _) -> false;
leads(File, <<>>, _) -> filelib:is_file(File);
leads(File, Name, Pages) ->
    case Pages of
        #{File := {_, Names}} -> lists:member(Name, Names);
        #{} -> false
    end.

%% Returns the pages that can be reached from these.
reached([], Reached, _) -> Reached;
reached([Page | Pages], Reached, All) ->
    case All of
        #{Page := {Links, _}} ->
            New = lists:usort([File || {File, _} <- Links]) -- [Page | Pages ++ Reached],
            reached(New ++ Pages, [Page | Reached], All);
        #{} ->
            reached(Pages, Reached, All)
    end.
